import type { JSX } from "preact";
import { visibleText } from "../../lib/visible-text";
import type { WordDiff } from "../../lib/word-diff";
import { VisibleParts } from "./VisibleText";

/** Two texts as one, with what was taken out struck through and what was put in underlined. */
export function DiffView({ diff }: { diff: WordDiff }): JSX.Element {
  return (
    <div class="diff foreign-text" dir="auto">
      {diff.parts.map((part, index) => {
        const words = <VisibleParts parts={visibleText(part.text).parts} />;
        if (part.kind === "added") return <ins key={index}>{words}</ins>;
        if (part.kind === "removed") return <del key={index}>{words}</del>;
        return <span key={index}>{words}</span>;
      })}
    </div>
  );
}
