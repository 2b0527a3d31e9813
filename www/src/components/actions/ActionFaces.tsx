import type { JSX } from "preact";
import { type ActionFilter, type ActionView, isActionNarrowed } from "../../lib/action-filter";
import { actions } from "../../services/actions";
import { actionsAddress, replace } from "../../services/router";
import { Button } from "../common/Button";
import { Face, FaultFace, Loading } from "../common/Face";

const EMPTY: Readonly<Record<ActionView, { title: string; text: string }>> = {
  open: { title: "Nothing waits for approval", text: "What agents propose appears here by itself." },
  mine: { title: "You have proposed or approved nothing", text: "What you approve is kept here, with what came of it." },
  approved: { title: "Nothing is under way", text: "Approved actions stand here until they are done." },
  closed: { title: "Nothing has been closed yet", text: "What was done, rejected or expired is kept here." },
};

/** What stands in the place of the list while there is none. */
export function ActionFaces({ filter }: { filter: ActionFilter }): JSX.Element {
  const status = actions.status.value;
  if (status.name === "fault") {
    return (
      <FaultFace
        fault={status.fault}
        actions={
          <Button look="primary" onPress={() => actions.retry()}>
            Try again
          </Button>
        }
      />
    );
  }
  if (status.name === "loading" || actions.stale.value) return <Loading what="actions" lines={8} />;
  if (isActionNarrowed(filter)) {
    return (
      <Face
        icon="search"
        title="No action matches"
        actions={
          <Button onPress={() => replace(actionsAddress({ ...filter, search: "", risk_level: null, tenant_id: null }))}>Clear the filters</Button>
        }
      >
        <p>Actions that you may not see are not searched.</p>
      </Face>
    );
  }
  const { title, text } = EMPTY[filter.view];
  return (
    <Face icon="check" title={title}>
      <p>{text}</p>
    </Face>
  );
}
