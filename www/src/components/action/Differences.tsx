import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type Difference, valueText } from "../../lib/argument-rows";
import { wordDiff } from "../../lib/word-diff";
import { DiffView } from "../common/DiffView";
import { VisibleBlock, VisibleLine } from "../common/VisibleText";

/** Arguments that differ, one a row, before and after. */
export function Differences({ changes, chain }: { changes: readonly Difference[]; chain: boolean }): JSX.Element {
  return (
    <ul class="changes">
      {changes.map(({ position, name, before, after }) => (
        <Change key={`${position} ${name}`} subject={chain ? `${position + 1}. ${name}` : name} before={before} after={after} />
      ))}
    </ul>
  );
}

interface ChangeProps {
  subject: string;
  /** Undefined where there was nothing. */
  before: unknown;
  after: unknown;
}

/** One thing as it is and as it would be: long texts in one with marks, everything else side by side. */
export function Change({ subject, before, after }: ChangeProps): JSX.Element {
  const texts = typeof before === "string" && typeof after === "string" && before.length + after.length > SIDE_BY_SIDE_MAX;
  return (
    <li class="change">
      <span class="change__subject">
        <VisibleLine text={subject} />
      </span>
      {texts ? <Marked before={before} after={after} /> : (
        <div class="change__values">
          <Value value={before} kind="before" />
          <span class="change__arrow" aria-hidden="true">
            →
          </span>
          <Value value={after} kind="after" />
        </div>
      )}
    </li>
  );
}

const SIDE_BY_SIDE_MAX = 120;

function Marked({ before, after }: { before: string; after: string }): JSX.Element {
  return <DiffView diff={useMemo(() => wordDiff(before, after), [before, after])} />;
}

function Value({ value, kind }: { value: unknown; kind: "before" | "after" }): JSX.Element {
  const Mark = kind === "before" ? "del" : "ins";
  const none = value === undefined || value === null;
  return (
    <span class={`change__value change__value--${kind}`}>
      <span class="change__label">{kind === "before" ? "Now" : "Then"}</span>
      {none ? <span class="soft">nothing</span> : (
        <Mark>
          <VisibleBlock text={valueText(value)} />
        </Mark>
      )}
    </span>
  );
}
