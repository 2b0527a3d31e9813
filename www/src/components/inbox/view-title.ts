import type { InboxFilter } from "../../lib/inbox-filter";
import { sentenceCase } from "../../lib/words";

export const VIEW_TITLES = { open: "All open", mine: "My work", overdue: "Overdue", resolved: "Resolved" } as const;

/** What the shown list is called. */
export function viewTitle(filter: InboxFilter, titleOf: (queue: string) => string | null): string {
  if (filter.queue !== null) return titleOf(filter.queue) ?? sentenceCase(filter.queue);
  return VIEW_TITLES[filter.view];
}
