import type { JSX } from "preact";
import { isMeasureNarrowed, type MeasureFilter, NO_MEASURE_FILTER, PERIODS } from "../../lib/measure-filter";
import { sentenceCase } from "../../lib/words";
import { domains, exportCorrections, exporting, releases } from "../../services/measures";
import { queues } from "../../services/queues";
import { replace, workflowAddress } from "../../services/router";
import { currentMe } from "../../services/session";
import { Button } from "../common/Button";
import { Choice, choices } from "../common/Choice";

/** What the measures are narrowed to; all of it stands in the address. */
export function MeasureFilters({ filter }: { filter: MeasureFilter }): JSX.Element {
  const change = (part: Partial<MeasureFilter>): void => replace(workflowAddress({ ...filter, ...part }));
  const titles = new Map((queues.value ?? []).map(({ queue, title }) => [queue, title]));
  return (
    <div class="filters" role="search" aria-label="Narrow the measures">
      <div class="filters__selects">
        <Choice
          label="Period"
          value={filter.period}
          options={PERIODS.map((days) => [days, `Last ${days} days`])}
          onChoose={(value) => change({ period: PERIODS.find((days) => days === value) ?? NO_MEASURE_FILTER.period })}
        />
        <Choice
          label="Tenant"
          any="Any tenant"
          value={filter.tenant_id}
          options={choices(filter.tenant_id, currentMe()?.tenants ?? []).map((tenant) => [tenant, tenant])}
          onChoose={(tenant_id) => change({ tenant_id })}
        />
        <Choice
          label="Queue"
          any="Any queue"
          value={filter.queue}
          options={choices(filter.queue, [...titles.keys()]).map((queue) => [queue, titles.get(queue) ?? queue])}
          onChoose={(queue) => change({ queue })}
        />
        <Choice
          label="Subject"
          any="Any subject"
          value={filter.domain}
          options={choices(filter.domain, domains.value).map((domain) => [domain, sentenceCase(domain)])}
          onChoose={(domain) => change({ domain })}
        />
        <Choice
          label="Release"
          any="Any release"
          value={filter.release}
          options={choices(filter.release, releases.value).map((release) => [release, release])}
          onChoose={(release) => change({ release })}
        />
        {isMeasureNarrowed(filter) && (
          <Button look="quiet" icon="close" onPress={() => change({ ...NO_MEASURE_FILTER, period: filter.period })}>
            Clear
          </Button>
        )}
      </div>
      <Button
        icon="document"
        whyNot={exporting.value ? "The export is being made." : null}
        onPress={() => void exportCorrections(filter)}
      >
        Export corrections (JSONL)
      </Button>
    </div>
  );
}
