import type { JSX } from "preact";
import { RISK_WORDS, sentenceCase, wordOf } from "../../../lib/words";
import { queueTitle } from "../../../services/queues";
import { Copy } from "../../common/Copy";
import { VisibleLine } from "../../common/VisibleText";
import { useCase, useDesk } from "../desk-context";
import { nameOf } from "../names";
import { RailSection } from "./RailSection";

const HASH_SHOWN_LENGTH = 10;

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
        <div>
          <dt>Hash</dt>
          <dd>
            <code>{shortHash(policy.hash)}</code> <Copy text={policy.hash} label="Copy" />
          </dd>
        </div>
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
        <Fact name="Authority" value={authorityWords(authority.domain, authority.level)} />
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

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <VisibleLine text={value} />
      </dd>
    </div>
  );
}

function authorityWords(domain: string, level: number): string {
  return domain === "any" ? `Level ${level}, any subject` : `Level ${level} in ${sentenceCase(domain).toLowerCase()}`;
}

function shortHash(hash: string): string {
  return hash.replace(/^sha256:/, "").slice(0, HASH_SHOWN_LENGTH);
}
