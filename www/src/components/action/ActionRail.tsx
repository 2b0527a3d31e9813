import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { authorityWords, peopleWords } from "../../lib/action-words";
import { isLive } from "../../lib/action-rules";
import { missingWords, needs } from "../../lib/approvals";
import { historyLines } from "../../lib/history-words";
import { visibleString } from "../../lib/visible-text";
import { asSentence, languageName, plural, RISK_WORDS, sentenceCase, wordOf } from "../../lib/words";
import { actions } from "../../services/actions";
import { now } from "../../services/clock";
import { caseAddress } from "../../services/router";
import { currentMe } from "../../services/session";
import { Moment, TimeLeft } from "../common/Badges";
import { Digest, Fact } from "../common/Fact";
import { HistoryList } from "../common/HistoryList";
import { RailSection } from "../common/RailSection";
import { VisibleBlock, VisibleLine } from "../common/VisibleText";
import { valueText } from "../../lib/argument-rows";
import { useActionDesk, useActionReply, useProposal } from "./desk-context";

/** What the product says of the action: who has approved, why it needs that, by when, under which policy, who asks. */
export function ActionRail(): JSX.Element {
  return (
    <aside class="rail" aria-label="About this action">
      <ApprovalsSection />
      <WhySection />
      <ClockSection />
      <RequestSection />
      <PolicySection />
      <HistorySection />
    </aside>
  );
}

function ApprovalsSection(): JSX.Element {
  const proposal = useProposal();
  const { required, votes } = proposal;
  const me = currentMe()?.principal.principal_id;
  return (
    <RailSection title="Approvals" aside={<b class="votes-count">{votesWords(votes.length, required.quorum)}</b>}>
      {required.authorities.length === 0 ? (
        <p class="soft">Nobody has to approve this.</p>
      ) : (
        <ul class="needs">
          {needs(proposal).map(({ authority, quorum, approved }) => (
            <li key={`${authority.domain} ${authority.level}`} class={approved >= quorum ? "need need--met" : "need"}>
              <span class="need__dots" aria-hidden="true">
                {Array.from({ length: quorum }, (_, index) => (
                  <i key={index} class={index < approved ? "need__dot need__dot--full" : "need__dot"} />
                ))}
              </span>
              <span>
                {sentenceCase(peopleWords(quorum))} with {authorityWords(authority)}
                {quorum > 1 && <span class="soft"> · {approved} so far</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
      {votes.length > 0 && (
        <ul class="votes">
          {votes.map((vote) => (
            <li key={vote.by.principal_id}>
              <p>
                <b>
                  <VisibleLine text={vote.by.name} />
                </b>
                {vote.by.principal_id === me && " (you)"} approved <Moment at={vote.voted_at} />
              </p>
              {vote.note !== null && <VisibleBlock text={vote.note} />}
            </li>
          ))}
        </ul>
      )}
      {isLive(proposal) && required.authorities.length > 0 && <p class="soft">{missingWords(proposal)}</p>}
    </RailSection>
  );
}

function votesWords(votes: number, quorum: number): string {
  return quorum === 0 ? "none needed" : `${votes} of ${quorum}`;
}

function WhySection(): JSX.Element {
  const { gate, required } = useProposal();
  const title = required.verdict === "require_approval" ? "Why approval is needed" : required.verdict === "allow" ? "Why it is allowed" : "Why it is denied";
  return (
    <RailSection title={title} aside={gate.reasons.length > 0 && <span class="soft">{plural(gate.reasons.length, "reason")}</span>}>
      {gate.reasons.length === 0 && (
        <p>
          <VisibleLine text={asSentence(gate.reason)} />
        </p>
      )}
      <ol class="triggers">
        {gate.reasons.map(({ rule, reason, path }) => (
          <li key={`${rule} ${path ?? ""} ${reason}`} class="trigger">
            <p>
              <VisibleLine text={asSentence(reason)} />
            </p>
            <p class="soft trigger__foot">
              Rule{" "}
              <code>
                <VisibleLine text={rule} />
              </code>
              {path !== null && (
                <>
                  {" "}
                  at{" "}
                  <code>
                    <VisibleLine text={path} />
                  </code>
                </>
              )}
            </p>
          </li>
        ))}
      </ol>
      {gate.unjudged.length > 0 && (
        <div class="aside-note">
          <b>Could not be judged, and counted against it</b>
          <ul class="paths">
            {gate.unjudged.map((path) => (
              <li key={path}>
                <code>
                  <VisibleLine text={path} />
                </code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </RailSection>
  );
}

function ClockSection(): JSX.Element {
  const proposal = useProposal();
  const { created_at, expires_at, effective_at, state, votes } = proposal;
  return (
    <RailSection title="Clock">
      {isLive(proposal) && (
        <p class="clock__left">
          <TimeLeft createdAt={created_at} dueAt={expires_at} />
        </p>
      )}
      <p class="soft clock__ends">
        <span>
          proposed <Moment at={created_at} />
        </span>
        <span>
          {isLive(proposal) ? "expires" : "would have expired"} <Moment at={expires_at} />
        </span>
      </p>
      {effective_at !== null && votes.length > 0 && (state === "approved" || state === "consumed") && (
        <p class="soft">
          The approval {Date.parse(effective_at) > now.value ? "takes" : "took"} effect <Moment at={effective_at} />.
        </p>
      )}
    </RailSection>
  );
}

function RequestSection(): JSX.Element {
  const proposal = useProposal();
  const name = useRequesterName();
  const { context } = proposal;
  const facts = Object.entries(context.facts);
  return (
    <RailSection title="Who asks">
      <dl class="facts">
        <Fact name="Proposed by" value={name} />
        <Fact name="Tenant" value={proposal.tenant_id} />
        {proposal.case_id !== null && (
          <Fact name="Case">
            <a href={caseAddress(proposal.case_id)}>
              <VisibleLine text={proposal.case_id} />
            </a>
          </Fact>
        )}
        {proposal.request_id !== null && <Fact name="Request" value={proposal.request_id} />}
        {proposal.conversation_id !== null && <Fact name="Conversation" value={proposal.conversation_id} />}
        {context.domain !== null && <Fact name="Subject" value={context.domain} />}
        {context.intent !== null && <Fact name="Intent" value={context.intent} />}
        {context.language !== null && <Fact name="Language" value={languageName(context.language)} />}
        {context.risk_level !== null && <Fact name="Caller’s risk" value={wordOf(RISK_WORDS, context.risk_level)} />}
        {context.asks_for_person === true && <Fact name="The user" value="asked for a person" />}
        {facts.map(([name, value]) => (
          <Fact key={name} name={visibleString(name)} value={valueText(value)} />
        ))}
      </dl>
    </RailSection>
  );
}

/** The name of who proposed it, as this history tells it, that of what it took the place of, or the list. */
function useRequesterName(): string {
  const { proposal, history } = useActionReply();
  const earlier = useActionDesk().earlier.value;
  const { requested_by, proposal_id } = proposal;
  const entry = [...history, ...(earlier?.history ?? [])].find(({ actor }) => actor.principal_id === requested_by);
  const listed = actions.rows.value.find(({ summary }) => summary.proposal_id === proposal_id)?.summary.requested_by_name;
  const name = entry?.actor.name ?? listed;
  return name === undefined || name === null || name === "" ? requested_by : name;
}

function PolicySection(): JSX.Element {
  const { required, binding_digest } = useProposal();
  const { policy, action_digest } = required;
  return (
    <RailSection title="Policy and digests">
      <dl class="facts">
        <Fact name="Policy" value={`${policy.id}, version ${policy.version}`} />
        <Digest name="Policy hash" digest={policy.hash} />
        <Digest name="Action digest" digest={action_digest} />
        {/* An approval is for this one: everything that can be seen here goes into it. */}
        <Digest name="Binding digest" digest={binding_digest} />
      </dl>
    </RailSection>
  );
}

function HistorySection(): JSX.Element {
  const { history } = useActionReply();
  const lines = useMemo(() => historyLines(history), [history]);
  return <HistoryList lines={lines} />;
}
