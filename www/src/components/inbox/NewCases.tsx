import type { JSX } from "preact";
import { plural } from "../../lib/words";
import { showWaiting } from "../../services/inbox";
import { KeyHint } from "../common/Button";

/** New cases wait here, so that nothing moves under the pointer. */
export function NewCases({ count }: { count: number }): JSX.Element {
  return (
    <button type="button" class="new-cases" onClick={() => void showWaiting()}>
      {plural(count, "new case")} <span class="new-cases__show">Show</span>
      <KeyHint name="." />
    </button>
  );
}
