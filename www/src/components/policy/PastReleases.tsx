import type { JSX } from "preact";
import { momentWords } from "../../lib/duration";
import { tenantWords } from "../../lib/release-rules";
import { now } from "../../services/clock";
import { personName } from "../../services/policy-releases";
import type { PolicyRelease } from "../../services/wire";

/** Releases that do not wait any more, newest first. */
export function PastReleases({ releases }: { releases: readonly PolicyRelease[] }): JSX.Element | null {
  if (releases.length === 0) return null;
  return (
    <section aria-labelledby="past-title" class="policy__part">
      <h2 id="past-title">Before</h2>
      <ol class="policy__past">
        {releases.map((release) => (
          <li key={release.release_id}>
            <b>{release.policy.id}</b> version {release.policy.version}, for {tenantWords(release.tenant_id)}
            <span class="soft">
              , proposed by {personName(release.proposed_by)}, {ended(release, now.value)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function ended(release: PolicyRelease, nowMs: number): string {
  const at = release.released_at ?? release.closed_at ?? release.proposed_at;
  const when = momentWords(Date.parse(at), nowMs);
  switch (release.state) {
    case "released":
      return `confirmed by ${personName(release.approved_by)} as number ${release.sequence ?? 0}, ${when}`;
    case "withdrawn":
      return `withdrawn by ${personName(release.withdrawn_by)}, ${when}`;
    case "expired":
      return `expired ${when}: nobody confirmed it`;
    case "pending":
      return "waiting";
  }
}
