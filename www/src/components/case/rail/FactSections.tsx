import type { JSX } from "preact";
import { authorityWords } from "../../../lib/action-words";
import { RISK_WORDS, sentenceCase, wordOf } from "../../../lib/words";
import { queueTitle } from "../../../services/queues";
import { Digest, Fact } from "../../common/Fact";
import { VisibleLine } from "../../common/VisibleText";
import { useCase, useDesk } from "../desk-context";
import { nameOf } from "../names";
import { RailSection } from "../../common/RailSection";

/** What nobody could judge: it counted neither for nor against. */
export function UnjudgedSection(): JSX.Element | null {
  const { unjudged } = useCase();
  if (unjudged.length === 0) return null;
  return (
    <RailSection title="Not judged" aside={<span class="soft">{unjudged.length}</span>}>
      <p class="soft">A rule needed these, or they came from a newer sender; they took no part.</p>
      <ul class="paths">
        {unjudged.map((path) => (
          <li key={path}>
            <code>
              <VisibleLine text={path} />
            </code>
          </li>
        ))}
      </ul>
    </RailSection>
  );
}

export function PolicySection(): JSX.Element {
  const { policy } = useCase();
  return (
    <RailSection title="Policy that applied">
      <dl class="facts">
        <Fact name="Policy" value={policy.id} />
        <Fact name="Version" value={policy.version} />
        <Digest name="Hash" digest={policy.hash} />
      </dl>
    </RailSection>
  );
}

export function RoutingSection(): JSX.Element {
  const desk = useDesk();
  const subject = useCase();
  const { authority } = subject;
  return (
    <RailSection title="Routing">
      <dl class="facts">
        <Fact name="Queue" value={queueTitle(subject.queue) ?? sentenceCase(subject.queue)} />
        <Fact name="Authority" value={sentenceCase(authorityWords(authority))} />
        <Fact name="Risk" value={wordOf(RISK_WORDS, subject.risk_level)} />
        <Fact name="Priority" value={String(subject.priority)} />
        {subject.skills.length > 0 && <Fact name="Skills" value={subject.skills.join(", ")} />}
        <Fact name="Sent by" value={nameOf(desk.reply.value, subject.requested_by)} />
        {subject.request_id !== null && <Fact name="Request" value={subject.request_id} />}
        {subject.conversation_id !== null && <Fact name="Conversation" value={subject.conversation_id} />}
        {subject.trace_url !== null && <Fact name="Trace" value={subject.trace_url} />}
      </dl>
    </RailSection>
  );
}

export function ReleaseSection(): JSX.Element | null {
  const { release } = useCase();
  if (release === null) return null;
  return (
    <RailSection title="Release">
      <dl class="facts">
        <Fact name="Model" value={release.model ?? "not given"} />
        <Fact name="Prompt" value={release.prompt ?? "not given"} />
        <Fact name="Index" value={release.index ?? "not given"} />
      </dl>
    </RailSection>
  );
}
