import type { JSX } from "preact";
import { ACTION_ORDERS, ACTION_VIEWS, type ActionFilter, isActionNarrowed, NO_ACTION_FILTER } from "../../lib/action-filter";
import { ACTION_ORDER_WORDS, ACTION_VIEW_TITLES } from "../../lib/action-words";
import { RISK_LEVELS } from "../../lib/inbox-filter";
import { RISK_WORDS, wordOf } from "../../lib/words";
import { actions, openActions } from "../../services/actions";
import { actionsAddress, replace } from "../../services/router";
import { currentMe } from "../../services/session";
import { Button } from "../common/Button";
import { Choice, choices } from "../common/Choice";
import { SearchField } from "../common/SearchField";

/** The views of the list, and what narrows it; all of it stands in the address. */
export function ActionFilters({ filter }: { filter: ActionFilter }): JSX.Element {
  const change = (part: Partial<ActionFilter>): void => replace(actionsAddress({ ...filter, ...part }));
  const tenants = choices(filter.tenant_id, [...(currentMe()?.tenants ?? []), ...actions.rows.value.map(({ summary }) => summary.tenant_id)]);
  const open = openActions.value;
  return (
    <>
      <nav class="tabs" aria-label="Views of the actions">
        {ACTION_VIEWS.map((view) => (
          <a key={view} class="tab" href={actionsAddress({ ...filter, view })} aria-current={filter.view === view ? "page" : undefined}>
            {ACTION_VIEW_TITLES[view]}
            {view === "open" && open !== null && open.count > 0 && (
              <span class="count">
                {open.count}
                {open.more && "+"}
              </span>
            )}
          </a>
        ))}
      </nav>
      <div class="filters" role="search">
        <SearchField label="Search actions" search={filter.search} onSearch={(search) => change({ search })} />
        <div class="filters__selects">
          <Choice
            label="Risk"
            any="Any risk"
            value={filter.risk_level}
            options={[...RISK_LEVELS].reverse().map((level) => [level, wordOf(RISK_WORDS, level)])}
            onChoose={(value) => change({ risk_level: RISK_LEVELS.find((level) => level === value) ?? null })}
          />
          {tenants.length > 1 && (
            <Choice
              label="Tenant"
              any="Any tenant"
              value={filter.tenant_id}
              options={tenants.map((tenant) => [tenant, tenant])}
              onChoose={(tenant_id) => change({ tenant_id })}
            />
          )}
          <Choice
            label="Order"
            value={filter.order}
            options={ACTION_ORDERS.map((order) => [order, wordOf(ACTION_ORDER_WORDS, order)])}
            onChoose={(value) => change({ order: ACTION_ORDERS.find((order) => order === value) ?? NO_ACTION_FILTER.order })}
          />
          {isActionNarrowed(filter) && (
            <Button look="quiet" icon="close" onPress={() => change({ search: "", risk_level: null, tenant_id: null })}>
              Clear
            </Button>
          )}
        </div>
      </div>
    </>
  );
}
