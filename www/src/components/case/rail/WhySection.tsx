import type { JSX } from "preact";
import { asSentence, DISPOSITION_WORDS, RISK_WORDS, TRIGGER_WORDS, wordOf } from "../../../lib/words";
import { VisibleLine } from "../../common/VisibleText";
import { useCase } from "../desk-context";
import { RailSection } from "../../common/RailSection";

/** Every rule that fired, with its reason. */
export function WhySection(): JSX.Element {
  const { triggers, differences, reason_for_escalation } = useCase();
  const ownWords = !triggers.some((trigger) => reason_for_escalation.includes(trigger.reason));
  return (
    <RailSection title="Why a person" aside={<span class="soft">{triggers.length === 1 ? "1 rule" : `${triggers.length} rules`}</span>}>
      {ownWords && (
        <p>
          <VisibleLine text={asSentence(reason_for_escalation)} />
        </p>
      )}
      <ol class="triggers">
        {triggers.map((trigger) => (
          <li key={trigger.id} class="trigger">
            <div class="trigger__head">
              <b>{wordOf(TRIGGER_WORDS, trigger.kind)}</b>
              <span class="soft">{wordOf(DISPOSITION_WORDS, trigger.disposition).toLowerCase()}</span>
            </div>
            <p>
              <VisibleLine text={asSentence(trigger.reason)} />
            </p>
            <p class="soft trigger__foot">
              Rule <code>{trigger.id}</code>
              {trigger.risk_level !== undefined && trigger.risk_level !== null && (
                <>, raises to {wordOf(RISK_WORDS, trigger.risk_level).toLowerCase()}</>
              )}
              {trigger.unjudged.length > 0 && <>; fired because {trigger.unjudged.join(", ")} was not known</>}
            </p>
          </li>
        ))}
      </ol>
      {differences.length > 0 && (
        <div class="aside-note">
          <b>The edge had decided otherwise</b>
          <ul>
            {differences.map((difference) => (
              <li key={difference}>
                <VisibleLine text={asSentence(difference)} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </RailSection>
  );
}
