import type { JSX } from "preact";
import { type InboxFilter, type InboxView, isNarrowed } from "../../lib/inbox-filter";
import { inbox } from "../../services/inbox";
import { inboxAddress, replace } from "../../services/router";
import { Button } from "../common/Button";
import { Face, FaultFace, Loading } from "../common/Face";

const EMPTY: Readonly<Record<InboxView, { title: string; text: string }>> = {
  open: { title: "Nothing waits for a person", text: "New cases appear here by themselves." },
  mine: { title: "You hold no case", text: "Open a queue and claim the case that is due first." },
  overdue: { title: "Nothing is overdue", text: "Every open case is within its time." },
  resolved: { title: "Nothing has been resolved yet", text: "Decided cases are kept here." },
};

/** What stands in the place of the list while there is none. */
export function InboxFaces({ filter }: { filter: InboxFilter }): JSX.Element {
  const status = inbox.status.value;
  if (status.name === "fault") {
    return (
      <FaultFace
        fault={status.fault}
        actions={
          <Button look="primary" onPress={() => inbox.retry()}>
            Try again
          </Button>
        }
      />
    );
  }
  if (status.name === "loading" || inbox.stale.value) return <Loading what="cases" lines={8} />;
  if (isNarrowed(filter)) {
    return (
      <Face
        icon="search"
        title="No case matches"
        actions={
          <Button onPress={() => replace(inboxAddress({ ...filter, search: "", risk_level: null, language: null, tenant_id: null }))}>
            Clear the filters
          </Button>
        }
      >
        <p>Cases that you may not see are not searched.</p>
      </Face>
    );
  }
  const { title, text } = filter.queue === null ? EMPTY[filter.view] : { title: "This queue is empty", text: "New cases appear here by themselves." };
  return (
    <Face icon="check" title={title}>
      <p>{text}</p>
    </Face>
  );
}
