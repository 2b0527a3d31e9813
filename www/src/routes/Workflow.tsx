import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Button } from "../components/common/Button";
import { FaultFace, Loading } from "../components/common/Face";
import { Notice } from "../components/common/Notice";
import { ViewNav } from "../components/inbox/ViewNav";
import { useTitle } from "../components/useTitle";
import { MeasureCard } from "../components/workflow/MeasureCard";
import { MeasureFilters } from "../components/workflow/MeasureFilters";
import { Watching } from "../components/workflow/Watching";
import { daysOf, formatMeasureFilter, type MeasureFilter } from "../lib/measure-filter";
import { exportFault, measures, measuresStale, retryMeasures, watchMeasures } from "../services/measures";
import { watchQueues } from "../services/queues";
import { watchMonitors } from "../services/watching";

/** How the work goes: nine measures, each with what it means and how sure it is. */
export function Workflow({ filter }: { filter: MeasureFilter }): JSX.Element {
  useTitle("Workflow");
  const address = formatMeasureFilter(filter);
  useEffect(() => watchQueues(), []);
  useEffect(() => watchMonitors(), []);
  useEffect(() => watchMeasures(filter), [address]);
  const fault = exportFault.value;
  return (
    <div class="inbox">
      <ViewNav screen="workflow" filter={null} />
      <main class="inbox__main workflow" id="main" aria-busy={measuresStale.value}>
        <header class="inbox__head">
          <h1>Workflow</h1>
          <p class="soft">Days in UTC; shares with their 95 % interval.</p>
        </header>
        <MeasureFilters filter={filter} />
        {fault !== null && (
          <Notice tone="bad" title="The corrections were not exported">
            {fault.title}. {fault.detail}
          </Notice>
        )}
        <Measures />
        <Watching />
      </main>
    </div>
  );
}

function Measures(): JSX.Element {
  const status = measures.value;
  switch (status.name) {
    case "loading":
      return <Loading what="measures" lines={6} />;
    case "fault":
      return (
        <FaultFace
          fault={status.fault}
          actions={
            <Button look="primary" onPress={retryMeasures}>
              Try again
            </Button>
          }
        />
      );
    case "ready": {
      const days = daysOf(status.reply.from, status.reply.until);
      return (
        <div class="measures">
          {status.reply.metrics.map((measure) => (
            <MeasureCard key={measure.metric} measure={measure} days={days} />
          ))}
        </div>
      );
    }
  }
}
