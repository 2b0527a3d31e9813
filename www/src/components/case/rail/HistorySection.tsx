import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { historyLines } from "../../../lib/history-words";
import { Moment } from "../../common/Badges";
import { VisibleLine } from "../../common/VisibleText";
import { useDesk } from "../desk-context";
import { RailSection } from "./RailSection";

/** Who did what, when, and through which door; the newest first. */
export function HistorySection(): JSX.Element {
  const history = useDesk().reply.value?.history;
  const lines = useMemo(() => historyLines(history ?? []), [history]);
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
