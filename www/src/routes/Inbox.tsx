import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { CaseList } from "../components/inbox/CaseList";
import { FilterBar } from "../components/inbox/FilterBar";
import { InboxFaces } from "../components/inbox/InboxFaces";
import { NewCases } from "../components/inbox/NewCases";
import { ViewNav } from "../components/inbox/ViewNav";
import { viewTitle } from "../components/inbox/view-title";
import { useTitle } from "../components/useTitle";
import { formatFilter, type InboxFilter } from "../lib/inbox-filter";
import { plural } from "../lib/words";
import { hasMore, inboxStatus, moveSelection, presentCount, rows, selectedId, showMore, showWaiting, stale, waiting, watchInbox } from "../services/inbox";
import { useKeys } from "../services/keys";
import { openAndClaim } from "../services/open-case";
import { queueTitle } from "../services/queues";
import { Button } from "../components/common/Button";

export function Inbox({ filter }: { filter: InboxFilter }): JSX.Element {
  const title = viewTitle(filter, queueTitle);
  useTitle(title);
  const address = formatFilter(filter);
  // The address is the filter, so an equal filter in a new object is no reason to start again.
  useEffect(() => watchInbox(filter), [address]);
  useKeys(
    useMemo(
      () => ({
        j: () => void moveSelection(1),
        k: () => void moveSelection(-1),
        c: () => {
          if (selectedId.value !== null) openAndClaim(selectedId.value);
        },
        "/": () => document.getElementById("search")?.focus(),
        ".": () => void showWaiting(),
      }),
      [],
    ),
  );
  const ready = inboxStatus.value.name === "ready";
  return (
    <div class="inbox">
      <ViewNav filter={filter} />
      <main class="inbox__main" id="main" aria-busy={stale.value}>
        <header class="inbox__head">
          <h1>{title}</h1>
          {ready && !stale.value && (
            <p class="soft">
              {plural(presentCount.value, "case")}
              {hasMore.value ? ", and more" : ""}
            </p>
          )}
        </header>
        <FilterBar filter={filter} />
        {waiting.value.length > 0 && <NewCases count={waiting.value.length} />}
        {ready && rows.value.length > 0 ? <CaseList filter={filter} /> : <InboxFaces filter={filter} />}
        {ready && hasMore.value && (
          <p class="inbox__more">
            <Button onPress={() => void showMore()}>Load more</Button>
          </p>
        )}
      </main>
    </div>
  );
}
