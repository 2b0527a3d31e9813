import type { JSX } from "preact";
import { keysEnabled } from "../services/preferences";
import { DECIDE_KEYS } from "./common/Button";
import { Dialog } from "./common/Dialog";

const GROUPS: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Inbox",
    keys: [
      ["j", "Next case"],
      ["k", "Previous case"],
      ["Enter", "Open"],
      ["c", "Claim and open"],
      ["/", "Search"],
      [".", "Show new cases"],
    ],
  },
  {
    title: "Case",
    keys: [
      ["c", "Claim"],
      ["a", "Approve and send the draft"],
      ["e", "Edit the draft"],
      ["r", "Reject the draft"],
      ["w", "Answer in your own words"],
      ["d", "Put it off"],
      ["m", "Ask, escalate, move, assign"],
      ["1 – 9", "Reason, while rejecting"],
      [DECIDE_KEYS, "Decide and open the next case"],
      ["n", "Next case"],
      ["Esc", "Leave a field, then the edit"],
    ],
  },
  {
    title: "Action",
    keys: [
      ["a", "Approve it as it stands"],
      ["r", "Reject it"],
      ["w", "Say no, with a message to the agent"],
      ["e", "Edit the arguments"],
      ["1 – 9", "Reason, while rejecting"],
      [DECIDE_KEYS, "Decide and open the next action"],
      ["n", "Next action"],
    ],
  },
  {
    title: "Everywhere",
    keys: [
      ["u", "Undo the last decision"],
      ["g i", "Inbox"],
      ["g a", "Actions"],
      ["g w", "Workflow"],
      ["g p", "Policy, for owners of policies"],
      ["?", "All keys"],
    ],
  },
];

export function KeysDialog({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <label class="switch">
        <input
          type="checkbox"
          checked={keysEnabled.value}
          onChange={(event) => (keysEnabled.value = event.currentTarget.checked)}
        />
        <span>
          Single keys are {keysEnabled.value ? "on" : "off"}
          <small class="soft">Off, only {DECIDE_KEYS} and Esc do anything. The choice is kept in this browser.</small>
        </span>
      </label>
      <div class="key-groups">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl class="key-list">
              {group.keys.map(([key, words]) => (
                <div key={key}>
                  <dt>
                    <kbd class="key">{key}</kbd>
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
