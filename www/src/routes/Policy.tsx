import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaultFace, Loading } from "../components/common/Face";
import { Button } from "../components/common/Button";
import { Notice } from "../components/common/Notice";
import { ViewNav } from "../components/inbox/ViewNav";
import { InForceCard } from "../components/policy/InForceCard";
import { PastReleases } from "../components/policy/PastReleases";
import { ProposeForm } from "../components/policy/ProposeForm";
import { ReleaseCard } from "../components/policy/ReleaseCard";
import { useTitle } from "../components/useTitle";
import { policies, releaseFault, retryPolicies, watchPolicies } from "../services/policy-releases";

/** What is in force, what waits for a second person, and what came before. */
export function Policy(): JSX.Element {
  useTitle("Policy");
  useEffect(() => watchPolicies(), []);
  const fault = releaseFault.value;
  return (
    <div class="inbox">
      <ViewNav screen="policy" filter={null} />
      <main class="inbox__main policy" id="main">
        <header class="inbox__head">
          <h1>Policy</h1>
          <p class="soft">Two people put a policy into force: one proposes it, another confirms what it changes.</p>
        </header>
        {fault !== null && (
          <Notice tone="bad" title={fault.title}>
            {fault.detail}
          </Notice>
        )}
        <Parts />
      </main>
    </div>
  );
}

function Parts(): JSX.Element {
  const status = policies.value;
  switch (status.name) {
    case "loading":
      return <Loading what="policies" lines={6} />;
    case "fault":
      return (
        <FaultFace
          fault={status.fault}
          actions={
            <Button look="primary" onPress={retryPolicies}>
              Try again
            </Button>
          }
        />
      );
    case "ready": {
      const waiting = status.releases.filter(({ state }) => state === "pending");
      const past = status.releases.filter(({ state }) => state !== "pending");
      return (
        <>
          <section aria-labelledby="in-force-title" class="policy__part">
            <h2 id="in-force-title">In force</h2>
            <div class="policy__cards">
              {status.inForce.map((one) => (
                <InForceCard key={one.tenant_id} inForce={one} />
              ))}
            </div>
          </section>
          <section aria-labelledby="waiting-title" class="policy__part">
            <h2 id="waiting-title">Waiting for a second person</h2>
            {waiting.length === 0 && (
              <p class="soft">
                Nothing waits. Propose a policy below, or with <code>countersign policy release</code>.
              </p>
            )}
            {waiting.map((release) => (
              <ReleaseCard key={release.release_id} release={release} />
            ))}
          </section>
          <ProposeForm />
          <PastReleases releases={past} />
        </>
      );
    }
  }
}
