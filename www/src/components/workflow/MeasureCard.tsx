import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { countWords, partName, partWords, rangeWords, valueWords } from "../../lib/measure-words";
import type { Measure } from "../../services/wire";
import { Trend } from "./Trend";

/** One measure: its value, what it was counted from, its trend, and what it means. */
export function MeasureCard({ measure, days }: { measure: Measure; days: readonly string[] }): JSX.Element {
  const { metric, unit, definition, figures, groups } = measure;
  const titleId = useId();
  const range = rangeWords(figures, unit);
  return (
    <article class="measure" aria-labelledby={titleId} data-metric={metric}>
      <h2 class="measure__title" id={titleId}>
        {definition.title}
      </h2>
      <p class="measure__value">{valueWords(figures.value, unit)}</p>
      <p class="measure__count">{countWords(figures, unit)}</p>
      {range !== null && <p class="measure__range">{range}</p>}
      <Trend days={days} groups={groups ?? []} unit={unit} />
      <p class="measure__meaning">{definition.meaning}</p>
      {figures.parts.length > 0 && (
        <dl class="measure__parts">
          {figures.parts.map((part) => (
            <div key={part.name}>
              <dt>{partName(part)}</dt>
              <dd>{partWords(part)}</dd>
            </div>
          ))}
        </dl>
      )}
      <details class="measure__details">
        <summary>
          How it is counted<span class="heard-only">: {definition.title}</span>
        </summary>
        <dl>
          <dt>Above the line</dt>
          <dd>{definition.numerator}</dd>
          <dt>Below the line</dt>
          <dd>{definition.denominator}</dd>
          <dt>By</dt>
          <dd>{definition.counted_by}</dd>
          <dt>Left out</dt>
          <dd>{definition.out}</dd>
          {definition.not_yet !== null && (
            <>
              <dt>Not yet</dt>
              <dd>{definition.not_yet}</dd>
            </>
          )}
        </dl>
      </details>
    </article>
  );
}
