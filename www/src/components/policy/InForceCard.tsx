import type { JSX } from "preact";
import { momentWords } from "../../lib/duration";
import { tenantWords } from "../../lib/release-rules";
import { now } from "../../services/clock";
import { personName } from "../../services/policy-releases";
import type { PolicyInForce } from "../../services/wire";
import { Digest, Fact } from "../common/Fact";

/** One policy in force: which, for whom, since when, and by whom. */
export function InForceCard({ inForce }: { inForce: PolicyInForce }): JSX.Element {
  const { policy, release, sequence, since, tenant_id } = inForce;
  const who = release === null ? "the operator, at the host itself" : `${personName(release.proposed_by)}, confirmed by ${personName(release.approved_by)}`;
  return (
    <article class="policy-card" aria-label={`In force for ${tenantWords(tenant_id)}`}>
      <h3>
        {policy.id} <span class="soft">version {policy.version}</span>
      </h3>
      <dl class="facts">
        <Fact name="For" value={tenantWords(tenant_id)} />
        <Fact name="Release" value={`number ${sequence}`} />
        <Fact name="Since">
          <time dateTime={since}>{momentWords(Date.parse(since), now.value)}</time>
        </Fact>
        <Fact name="By" value={who} />
        <Digest name="Digest" digest={policy.hash} />
      </dl>
    </article>
  );
}
