import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type VisiblePart, visibleLine, visibleText } from "../../lib/visible-text";

/** The parts of a text that somebody else wrote. Only text nodes come out of it: no markup, no links, no images. */
export function VisibleParts({ parts }: { parts: readonly VisiblePart[] }): JSX.Element {
  return <>{parts.map((part, index) => <Part key={index} part={part} />)}</>;
}

/** A foreign text on one line, for lists, labels and names. */
export function VisibleLine({ text }: { text: string }): JSX.Element {
  const { parts } = useMemo(() => visibleLine(text), [text]);
  return (
    <bdi class="visible-line">
      <VisibleParts parts={parts} />
    </bdi>
  );
}

/** A foreign text with its lines, where a frame around it already says whose it is. */
export function VisibleBlock({ text }: { text: string }): JSX.Element {
  const { parts } = useMemo(() => visibleText(text), [text]);
  return (
    <div class="foreign-text" dir="auto">
      <VisibleParts parts={parts} />
    </div>
  );
}

function Part({ part }: { part: VisiblePart }): JSX.Element {
  switch (part.kind) {
    case "text":
      return <>{part.text}</>;
    case "hidden":
      return (
        <span class="escape" dir="ltr" title={part.reason}>
          {part.label}
        </span>
      );
    case "gap":
      return (
        <span class="escape escape--gap" dir="ltr" title={part.reason}>
          {part.label}
        </span>
      );
    case "lookalike":
      return (
        <mark class="lookalike" title={part.reason}>
          {part.text}
        </mark>
      );
  }
}
