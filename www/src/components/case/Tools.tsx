import type { JSX } from "preact";
import { TOOL_STATUS_WORDS, wordOf } from "../../lib/words";
import { VisibleBlock, VisibleLine } from "../common/VisibleText";
import { useCase } from "./desk-context";

/** What tools said while the draft was made; unavailable is not the same as failed. */
export function ToolResults(): JSX.Element | null {
  const { tool_results } = useCase();
  if (tool_results.length === 0) return null;
  return (
    <section class="part" aria-labelledby="tools-title">
      <div class="part__head">
        <h2 id="tools-title">Tool results</h2>
        <span class="soft">{tool_results.length}</span>
      </div>
      <ul class="tools">
        {tool_results.map((result, index) => (
          <li key={index} class={`tool tool--${result.status}`}>
            <div class="tool__head">
              <code>
                <VisibleLine text={result.tool} />
              </code>
              <span class={`status status--${result.status}`}>{wordOf(TOOL_STATUS_WORDS, result.status)}</span>
            </div>
            {result.summary !== undefined && result.summary !== null && <VisibleBlock text={result.summary} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the model wants done. Deciding on the answer sends words, it runs nothing. */
export function ProposedActions(): JSX.Element | null {
  const { proposed_actions } = useCase();
  if (proposed_actions.length === 0) return null;
  return (
    <section class="part" aria-labelledby="actions-title">
      <div class="part__head">
        <h2 id="actions-title">Proposed actions</h2>
        <span class="soft">{proposed_actions.length}</span>
      </div>
      <p class="aside-note">The model wants this done. Deciding on the answer does not run it.</p>
      <ul class="tools">
        {proposed_actions.map((action, index) => (
          <li key={index} class="tool">
            <div class="tool__head">
              <code>
                <VisibleLine text={action.tool} />
              </code>
            </div>
            <Arguments values={action.arguments} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Arguments({ values }: { values: Readonly<Record<string, unknown>> }): JSX.Element {
  const entries = Object.entries(values);
  if (entries.length === 0) return <p class="soft">No arguments.</p>;
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>
            <VisibleLine text={name} />
          </dt>
          <dd>
            <VisibleBlock text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
