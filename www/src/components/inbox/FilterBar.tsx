import type { JSX } from "preact";
import { type InboxFilter, isNarrowed, NO_FILTER, ORDERS, RISK_LEVELS } from "../../lib/inbox-filter";
import { languageName, ORDER_WORDS, RISK_WORDS, wordOf } from "../../lib/words";
import { inbox } from "../../services/inbox";
import { inboxAddress, replace } from "../../services/router";
import { currentMe } from "../../services/session";
import { Button } from "../common/Button";
import { Choice, choices } from "../common/Choice";
import { SearchField } from "../common/SearchField";

/** What narrows the list; all of it stands in the address. */
export function FilterBar({ filter }: { filter: InboxFilter }): JSX.Element {
  const change = (part: Partial<InboxFilter>): void => replace(inboxAddress({ ...filter, ...part }));
  const languages = choices(filter.language, inbox.rows.value.map(({ summary }) => summary.language));
  const tenants = choices(filter.tenant_id, [...(currentMe()?.tenants ?? []), ...inbox.rows.value.map(({ summary }) => summary.tenant_id)]);
  return (
    <div class="filters" role="search">
      <SearchField label="Search cases" search={filter.search} onSearch={(search) => change({ search })} />
      <div class="filters__selects">
        <Choice
          label="Risk"
          any="Any risk"
          value={filter.risk_level}
          options={[...RISK_LEVELS].reverse().map((level) => [level, wordOf(RISK_WORDS, level)])}
          onChoose={(value) => change({ risk_level: RISK_LEVELS.find((level) => level === value) ?? null })}
        />
        {languages.length > 1 && (
          <Choice
            label="Language"
            any="Any language"
            value={filter.language}
            options={languages.map((tag) => [tag, languageName(tag)])}
            onChoose={(language) => change({ language })}
          />
        )}
        {tenants.length > 1 && (
          <Choice
            label="Tenant"
            any="Any tenant"
            value={filter.tenant_id}
            options={tenants.map((tenant) => [tenant, tenant])}
            onChoose={(tenant_id) => change({ tenant_id })}
          />
        )}
        {filter.view !== "overdue" && (
          <Choice
            label="Order"
            value={filter.order}
            options={ORDERS.map((order) => [order, wordOf(ORDER_WORDS, order)])}
            onChoose={(value) => change({ order: ORDERS.find((order) => order === value) ?? NO_FILTER.order })}
          />
        )}
        {isNarrowed(filter) && (
          <Button
            look="quiet"
            icon="close"
            onPress={() => change({ search: "", risk_level: null, language: null, tenant_id: null })}
          >
            Clear
          </Button>
        )}
      </div>
    </div>
  );
}
