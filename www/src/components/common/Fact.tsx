import type { ComponentChildren, JSX } from "preact";
import { shortDigest } from "../../lib/action-words";
import { Copy } from "./Copy";
import { VisibleLine } from "./VisibleText";

interface FactProps {
  name: string;
  value?: string;
  children?: ComponentChildren;
}

/** A name and a value in a list of facts. */
export function Fact({ name, value, children }: FactProps): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value === undefined ? children : <VisibleLine text={value} />}</dd>
    </div>
  );
}

/** A digest: its beginning at a glance, the whole of it on demand. */
export function Digest({ name, digest }: { name: string; digest: string }): JSX.Element {
  return (
    <Fact name={name}>
      <details class="digest">
        <summary>
          <code>{shortDigest(digest)}…</code>
          <span class="heard-only"> the beginning of {name}; open for the whole</span>
        </summary>
        <code>{digest}</code> <Copy text={digest} label="Copy" />
      </details>
    </Fact>
  );
}
