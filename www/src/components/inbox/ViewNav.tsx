import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type InboxFilter, type InboxView, NO_FILTER } from "../../lib/inbox-filter";
import { ownsPolicies } from "../../lib/release-rules";
import { openActions } from "../../services/actions";
import { mineCount, openCount, overdueCount, queues, servedQueues } from "../../services/queues";
import { inboxAddress } from "../../services/router";
import { currentMe, signOut } from "../../services/session";
import type { QueueSummary } from "../../services/wire";
import { TimeLeft } from "../common/Badges";
import { Button } from "../common/Button";
import { Icon, type IconName, Mark } from "../common/Icon";
import { VisibleLine } from "../common/VisibleText";
import { showKeys } from "../GlobalKeys";
import { AwayDialog } from "./AwayDialog";
import { VIEW_TITLES } from "./view-title";

const VIEW_ICONS: Readonly<Record<InboxView, IconName>> = { mine: "person", open: "inbox", overdue: "overdue", resolved: "check" };

const DAY = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

interface ViewNavProps {
  screen: "inbox" | "actions" | "workflow" | "policy";
  /** The inbox's filter; `null` on every other screen. */
  filter: InboxFilter | null;
}

/** The screens and views at the left: what is mine, what each queue holds and by when, what is late, what is done, and the actions to decide. */
export function ViewNav({ screen, filter }: ViewNavProps): JSX.Element {
  const counts: Readonly<Partial<Record<InboxView, number | null>>> = {
    mine: mineCount.value,
    open: openCount.value,
    overdue: overdueCount.value,
  };
  const views: readonly InboxView[] = ["mine", "open", "overdue", "resolved"];
  return (
    <header class="side">
      <div class="side__brand">
        <Mark />
        <span>countersign</span>
      </div>
      <nav aria-label="Views">
        <ul class="views">
          {views.map((view) => (
            <li key={view}>
              <ViewLink
                address={inboxAddress({ ...NO_FILTER, view })}
                current={filter !== null && filter.queue === null && filter.view === view}
                icon={VIEW_ICONS[view]}
                count={counts[view] ?? null}
                pressing={view === "overdue"}
              >
                {VIEW_TITLES[view]}
              </ViewLink>
            </li>
          ))}
        </ul>
      </nav>
      <nav aria-label="Screens">
        <ul class="views">
          <li>
            <ViewLink
              address="#/actions"
              current={screen === "actions"}
              icon="tool"
              count={openActions.value?.count ?? null}
              atLeast={openActions.value?.more ?? false}
              noun="actions"
            >
              Actions
            </ViewLink>
          </li>
          <li>
            <ViewLink address="#/workflow" current={screen === "workflow"} icon="chart" count={null}>
              Workflow
            </ViewLink>
          </li>
          {ownsPolicies(currentMe()) && (
            <li>
              <ViewLink address="#/policy" current={screen === "policy"} icon="document" count={null}>
                Policy
              </ViewLink>
            </li>
          )}
        </ul>
      </nav>
      <nav aria-labelledby="queues-title">
        <h2 class="side__title" id="queues-title">
          My queues
        </h2>
        {queues.value !== null && servedQueues.value.length === 0 && <p class="side__empty">No queue has been given to you.</p>}
        <ul class="views">
          {servedQueues.value.map((queue) => (
            <li key={queue.queue}>
              <QueueLink queue={queue} current={filter?.queue === queue.queue} />
            </li>
          ))}
        </ul>
      </nav>
      <Who />
    </header>
  );
}

interface ViewLinkProps {
  address: string;
  current: boolean;
  icon: IconName;
  count: number | null;
  pressing?: boolean;
  /** There are more than were counted. */
  atLeast?: boolean;
  noun?: string;
  children: string;
}

function ViewLink({ address, current, icon, count, pressing = false, atLeast = false, noun = "cases", children }: ViewLinkProps): JSX.Element {
  return (
    <a class="view" href={address} aria-current={current ? "page" : undefined}>
      <Icon name={icon} />
      <span class="view__name">{children}</span>
      {count !== null && count > 0 && <Count count={count} pressing={pressing} atLeast={atLeast} noun={noun} />}
    </a>
  );
}

function QueueLink({ queue, current }: { queue: QueueSummary; current: boolean }): JSX.Element {
  const { counts, next_due_at } = queue;
  const waiting = counts.ready + counts.leased;
  return (
    <a class="view view--queue" href={inboxAddress({ ...NO_FILTER, queue: queue.queue })} aria-current={current ? "page" : undefined}>
      <span class="view__name">
        <VisibleLine text={queue.title} />
      </span>
      {waiting > 0 && <Count count={waiting} pressing={counts.overdue > 0} />}
      {next_due_at !== null && waiting > 0 && (
        <span class="view__due">
          <TimeLeft createdAt={new Date(Date.parse(next_due_at) - queue.sla_ms).toISOString()} dueAt={next_due_at} />
          {counts.overdue > 1 && <span class="view__late">, {counts.overdue} overdue</span>}
        </span>
      )}
    </a>
  );
}

function Count({ count, pressing, atLeast = false, noun = "cases" }: { count: number; pressing: boolean; atLeast?: boolean; noun?: string }): JSX.Element {
  return (
    <span class={pressing ? "count count--pressing" : "count"}>
      {count.toLocaleString("en")}
      {atLeast && "+"}
      <span class="heard-only"> {noun}</span>
    </span>
  );
}

function Who(): JSX.Element | null {
  const me = currentMe();
  const [open, setOpen] = useState(false);
  if (me === null) return null;
  const { away } = me.principal;
  return (
    <div class="side__foot">
      <div class="who">
        <span class="who__initial" aria-hidden="true">
          {me.principal.name.charAt(0).toUpperCase()}
        </span>
        <span class="who__name">
          {me.principal.name}
          <small class="soft">{away === null ? me.principal.tenant_id : `away until ${DAY.format(new Date(away.until))}`}</small>
        </span>
      </div>
      <div class="side__buttons">
        <Button look="quiet" icon="keys" keyName="?" onPress={showKeys}>
          Keys
        </Button>
        <Button look="quiet" onPress={() => setOpen(true)}>
          Away
        </Button>
        <Button look="quiet" icon="sign_out" onPress={() => void signOut()}>
          Sign out
        </Button>
      </div>
      {open && <AwayDialog onClose={() => setOpen(false)} />}
    </div>
  );
}
