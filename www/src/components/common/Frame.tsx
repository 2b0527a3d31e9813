import type { ComponentChildren, JSX } from "preact";
import { useId, useMemo } from "preact/hooks";
import { type VisibleText, visibleText } from "../../lib/visible-text";
import { plural } from "../../lib/words";
import { Icon, type IconName } from "./Icon";
import { VisibleParts } from "./VisibleText";

export type Author = "user" | "model" | "document" | "tool" | "application" | "reviewer";

interface FrameProps {
  author: Author;
  /** Whose words these are: "Written by the model". */
  source: ComponentChildren;
  text: string;
  language?: string | null;
  /** What the product says of the text, after it and outside of it. */
  children?: ComponentChildren;
  /** Stands at the right end of the bar. */
  aside?: ComponentChildren;
}

const ICONS: Readonly<Record<Author, IconName>> = {
  user: "person",
  model: "model",
  document: "document",
  tool: "tool",
  application: "queue",
  reviewer: "edit",
};

/** The marked frame that separates foreign text from what the product says. */
export function Frame({ author, source, text, language, children, aside }: FrameProps): JSX.Element {
  const sourceId = useId();
  const visible = useMemo(() => visibleText(text), [text]);
  return (
    <section class={`frame frame--${author}`} aria-labelledby={sourceId}>
      <div class="frame__bar">
        <span class="frame__source" id={sourceId}>
          <Icon name={ICONS[author]} />
          <span>{source}</span>
        </span>
        <span class="frame__size">{sizeWords(visible)}</span>
        {aside}
      </div>
      <TextWarnings visible={visible} />
      <div class="foreign-text" dir="auto" lang={language ?? undefined}>
        {text === "" ? <em class="soft">Empty</em> : <VisibleParts parts={visible.parts} />}
      </div>
      {children}
    </section>
  );
}

/** What is unusual about a text, in words, so that a marked character is not overlooked. */
export function TextWarnings({ visible }: { visible: VisibleText }): JSX.Element | null {
  const warnings = warningsOf(visible);
  if (warnings.length === 0) return null;
  return (
    <ul class="frame__warnings">
      {warnings.map((warning) => (
        <li key={warning}>
          <Icon name="alert" />
          <span>{warning}</span>
        </li>
      ))}
    </ul>
  );
}

export function sizeWords({ line_count, character_count }: VisibleText): string {
  return `${plural(line_count, "line")} · ${plural(character_count, "character")}`;
}

function warningsOf(visible: VisibleText): string[] {
  const warnings: string[] = [];
  if (visible.hidden_count > 0) {
    warnings.push(`${plural(visible.hidden_count, "hidden character")}, shown here as ⟨U+…⟩.`);
  }
  if (visible.tag_message !== null) warnings.push(`Invisible letters in it spell: “${visible.tag_message}”.`);
  if (visible.lookalike_count > 0) {
    warnings.push(`${plural(visible.lookalike_count, "word")} with look-alike letters, underlined.`);
  }
  return warnings;
}
