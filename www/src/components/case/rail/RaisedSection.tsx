import type { JSX } from "preact";
import { asSentence } from "../../../lib/words";
import { momentWords, withClocks } from "../../../lib/duration";
import { now } from "../../../services/clock";
import { RailSection } from "../../common/RailSection";
import { TickedLine } from "../../common/TickedLine";
import { useCase } from "../desk-context";

/** What policies raised that were released while the case was open. */
export function RaisedSection(): JSX.Element | null {
  const { rejudgings } = useCase();
  if (rejudgings.length === 0) return null;
  return (
    <RailSection title="Raised by a newer policy">
      {[...rejudgings].reverse().map((raised) => (
        <div key={raised.sequence} class="aside-note">
          <b>
            {raised.policy.id}, version {raised.policy.version}, release {raised.sequence}
          </b>
          <ul>
            {raised.changes.map((change) => (
              <li key={change}>
                <TickedLine text={withClocks(asSentence(change), now.value)} />
              </li>
            ))}
          </ul>
          <p class="soft">
            <time dateTime={raised.judged_at}>{momentWords(Date.parse(raised.judged_at), now.value)}</time>
          </p>
        </div>
      ))}
    </RailSection>
  );
}
