import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { ActionFaces } from "../components/actions/ActionFaces";
import { ActionFilters } from "../components/actions/ActionFilters";
import { ActionRow } from "../components/actions/ActionRow";
import { Button } from "../components/common/Button";
import { NewRows } from "../components/common/NewRows";
import { RowList } from "../components/common/RowList";
import { ViewNav } from "../components/inbox/ViewNav";
import { useTitle } from "../components/useTitle";
import { type ActionFilter, formatActionFilter } from "../lib/action-filter";
import { plural } from "../lib/words";
import { actions } from "../services/actions";
import { useKeys } from "../services/keys";

/** The actions that agents propose: what waits for approval, and what came of the rest. */
export function Actions({ filter }: { filter: ActionFilter }): JSX.Element {
  useTitle("Actions");
  const address = formatActionFilter(filter);
  // The address is the filter, so an equal filter in a new object is no reason to start again.
  useEffect(() => actions.watch(filter), [address]);
  useKeys(
    useMemo(
      () => ({
        j: () => void actions.moveSelection(1),
        k: () => void actions.moveSelection(-1),
        "/": () => document.getElementById("search")?.focus(),
        ".": () => void actions.showWaiting(),
      }),
      [],
    ),
  );
  const ready = actions.status.value.name === "ready";
  return (
    <div class="inbox">
      <ViewNav screen="actions" filter={null} />
      <main class="inbox__main" id="main" aria-busy={actions.stale.value}>
        <header class="inbox__head">
          <h1>Actions</h1>
          {ready && !actions.stale.value && (
            <p class="soft">
              {plural(actions.presentCount.value, "action")}
              {actions.hasMore.value ? ", and more" : ""}
            </p>
          )}
        </header>
        <ActionFilters filter={filter} />
        <NewRows count={actions.waiting.value.length} noun="action" onShow={() => void actions.showWaiting()} />
        {ready && actions.rows.value.length > 0 ? (
          <RowList
            list={actions}
            label="Actions"
            class="cases--actions"
            columns={["Expires", "Risk", "Action and why it needs approval", "Amount", "Asked by", "Approvals"]}
            row={(row, position, total) => <ActionRow key={row.summary.proposal_id} row={row} position={position} total={total} />}
          />
        ) : (
          <ActionFaces filter={filter} />
        )}
        {ready && actions.hasMore.value && (
          <p class="inbox__more">
            <Button onPress={() => void actions.showMore()}>Load more</Button>
          </p>
        )}
      </main>
    </div>
  );
}
