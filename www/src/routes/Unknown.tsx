import type { JSX } from "preact";
import { Face } from "../components/common/Face";
import { useTitle } from "../components/useTitle";

export function Unknown(): JSX.Element {
  useTitle("Not found");
  return (
    <main class="page-face">
      <Face
        whole
        icon="search"
        title="There is no such page"
        actions={
          <a class="button button--primary" href="#/inbox">
            Go to the inbox
          </a>
        }
      >
        <p>The address may have been cut off when it was copied.</p>
      </Face>
    </main>
  );
}
