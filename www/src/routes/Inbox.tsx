import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { NewRows } from "../components/common/NewRows";
import { RowList } from "../components/common/RowList";
import { CaseRow } from "../components/inbox/CaseRow";
import { FilterBar } from "../components/inbox/FilterBar";
import { InboxFaces } from "../components/inbox/InboxFaces";
import { ViewNav } from "../components/inbox/ViewNav";
import { viewTitle } from "../components/inbox/view-title";
import { useTitle } from "../components/useTitle";
import { formatFilter, type InboxFilter } from "../lib/inbox-filter";
import { plural } from "../lib/words";
import { inbox } from "../services/inbox";
import { useKeys } from "../services/keys";
import { openAndClaim } from "../services/open-case";
import { queueTitle } from "../services/queues";
import { Button } from "../components/common/Button";

export function Inbox({ filter }: { filter: InboxFilter }): JSX.Element {
  const title = viewTitle(filter, queueTitle);
  useTitle(title);
  const address = formatFilter(filter);
  // The address is the filter, so an equal filter in a new object is no reason to start again.
  useEffect(() => inbox.watch(filter), [address]);
  useKeys(
    useMemo(
      () => ({
        j: () => void inbox.moveSelection(1),
        k: () => void inbox.moveSelection(-1),
        c: () => {
          if (inbox.selectedId.value !== null) openAndClaim(inbox.selectedId.value);
        },
        "/": () => document.getElementById("search")?.focus(),
        ".": () => void inbox.showWaiting(),
      }),
      [],
    ),
  );
  const ready = inbox.status.value.name === "ready";
  return (
    <div class="inbox">
      <ViewNav screen="inbox" filter={filter} />
      <main class="inbox__main" id="main" aria-busy={inbox.stale.value}>
        <header class="inbox__head">
          <h1>{title}</h1>
          {ready && !inbox.stale.value && (
            <p class="soft">
              {plural(inbox.presentCount.value, "case")}
              {inbox.hasMore.value ? ", and more" : ""}
            </p>
          )}
        </header>
        <FilterBar filter={filter} />
        <NewRows count={inbox.waiting.value.length} noun="case" onShow={() => void inbox.showWaiting()} />
        {ready && inbox.rows.value.length > 0 ? (
          <RowList
            list={inbox}
            label="Cases"
            class="cases--cases"
            columns={["Due", "Risk", "Question and why it is here", "Queue", "Confidence", "Holder"]}
            row={(row, position, total) => (
              <CaseRow key={row.summary.case_id} row={row} position={position} total={total} withQueue={filter.queue === null} />
            )}
          />
        ) : (
          <InboxFaces filter={filter} />
        )}
        {ready && inbox.hasMore.value && (
          <p class="inbox__more">
            <Button onPress={() => void inbox.showMore()}>Load more</Button>
          </p>
        )}
      </main>
    </div>
  );
}
