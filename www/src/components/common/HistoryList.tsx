import type { JSX } from "preact";
import type { HistoryLine } from "../../lib/history-words";
import { Moment } from "./Badges";
import { RailSection } from "./RailSection";
import { VisibleLine } from "./VisibleText";

/** Who did what, when, and through which door; the newest first. */
export function HistoryList({ lines }: { lines: readonly HistoryLine[] }): JSX.Element {
  return (
    <RailSection title="History" aside={<span class="soft">{lines.length}</span>}>
      <ol class="history">
        {lines.map((line) => (
          <li key={line.entry_id}>
            <p>
              <b>
                <VisibleLine text={line.who} />
              </b>{" "}
              <VisibleLine text={line.what} />
              {line.count > 1 && <> ({line.count} times)</>}
            </p>
            <p class="soft">
              <Moment at={line.at} /> · {line.door}
            </p>
          </li>
        ))}
      </ol>
    </RailSection>
  );
}
