import type { JSX } from "preact";
import { momentWords } from "../../lib/duration";
import { inOrder, leanWords, LEAN_WORDS, replayLines, sectionWords, tenantWords, whyNotConfirm, whyNotWithdraw } from "../../lib/release-rules";
import { plural } from "../../lib/words";
import { now } from "../../services/clock";
import { confirmRelease, details, personName, replayRelease, replays, showChanges, withdrawRelease, working } from "../../services/policy-releases";
import { currentMe } from "../../services/session";
import type { PolicyRelease, ReleaseDetails } from "../../services/wire";
import { Button } from "../common/Button";
import { Digest, Fact } from "../common/Fact";
import { TickedLine } from "../common/TickedLine";
import { VisibleLine } from "../common/VisibleText";

/** A policy that waits: what it changes, what it would change, and who may confirm it. */
export function ReleaseCard({ release }: { release: PolicyRelease }): JSX.Element {
  const { policy, replaces, proposed_by, proposed_at, expires_at, reason, overlays, release_id } = release;
  const seen = details.value[release_id];
  const me = currentMe();
  const busy = working.value === null ? null : "One moment.";
  const whyNot = busy ?? whyNotConfirm(release, me, seen !== undefined);
  return (
    <article class="policy-card policy-card--waiting" aria-label={`Release of ${policy.id} for ${tenantWords(release.tenant_id)}`}>
      <h3>
        {policy.id} <span class="soft">version {policy.version}, for {tenantWords(release.tenant_id)}</span>
      </h3>
      {reason !== null && (
        <blockquote class="policy__reason">
          <VisibleLine text={reason} />
        </blockquote>
      )}
      <dl class="facts">
        <Fact name="Proposed">
          {personName(proposed_by)}, <time dateTime={proposed_at}>{momentWords(Date.parse(proposed_at), now.value)}</time>
        </Fact>
        <Fact name="Expires">
          <time dateTime={expires_at}>{momentWords(Date.parse(expires_at), now.value)}</time>
        </Fact>
        <Fact name="Takes the place of" value={`${replaces.id}, version ${replaces.version}`} />
        <Fact name="Sections" value={release.changes.map(sectionWords).join(", ")} />
        {overlays.length > 0 && <Fact name="Carries along" value={`the overlays of ${overlays.map((one) => one.tenant_id).join(", ")}`} />}
        <Digest name="Digest" digest={policy.hash} />
      </dl>
      {seen !== undefined && <Changes details={seen} />}
      <Replay release_id={release_id} />
      <div class="policy__buttons">
        {seen === undefined && (
          <Button look="primary" onPress={() => void showChanges(release_id)}>
            Show what it changes
          </Button>
        )}
        <Button onPress={() => void replayRelease(release_id)} whyNot={replays.value[release_id] === "working" ? "It is being replayed." : null}>
          Replay recorded traffic
        </Button>
        <Button look={seen === undefined ? "plain" : "primary"} whyNot={whyNot} whyNotId={`${release_id}-why`} onPress={() => void confirmRelease(release)}>
          Confirm
        </Button>
        <Button whyNot={busy ?? whyNotWithdraw(release, me)} onPress={() => void withdrawRelease(release)}>
          Withdraw
        </Button>
      </div>
      {whyNot !== null && (
        <p class="soft policy__why" id={`${release_id}-why`}>
          {whyNot}
        </p>
      )}
    </article>
  );
}

function Changes({ details: { diff } }: { details: ReleaseDetails }): JSX.Element {
  if (diff.changes.length === 0) return <p>The two policies say the same.</p>;
  return (
    <>
      <p>
        <b>{plural(diff.changes.length, "change")}</b>
        {leanWords(diff)}
      </p>
      <ul class="policy__changes">
        {inOrder(diff.changes).map((change) => (
          <li key={change.text} class={`policy__change policy__change--${change.lean}`}>
            <span class="policy__lean">{LEAN_WORDS[change.lean]}</span>
            <span>
              <TickedLine text={change.text} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Replay({ release_id }: { release_id: string }): JSX.Element | null {
  const found = replays.value[release_id];
  if (found === undefined) return null;
  if (found === "working") return <p role="status">Recorded decisions are being judged by it…</p>;
  return (
    <ul class="policy__replay" aria-label="Replay">
      {replayLines(found.replay).map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
