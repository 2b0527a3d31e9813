import type { JSX } from "preact";
import { type TrendBar, trendBars, trendWords, valueWords } from "../../lib/measure-words";
import type { Group, Unit } from "../../services/wire";

const HEIGHT = 40;
const SLOT = 10;
/** A bar that can still be seen, for a value of nothing. */
const BAR_MIN = 1.5;

interface TrendProps {
  days: readonly string[];
  groups: readonly Group[];
  unit: Unit;
}

/** The figures day by day: a bar where something was counted, a gap where nothing was. */
export function Trend({ days, groups, unit }: TrendProps): JSX.Element {
  const values = new Map(groups.map(({ key, figures }) => [key ?? "", figures.value]));
  const bars = trendBars(days, values);
  return (
    <figure class="trend">
      <svg
        class="trend__bars"
        viewBox={`0 0 ${days.length * SLOT} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={trendWords(bars, unit)}
      >
        <line class="trend__base" x1="0" x2={days.length * SLOT} y1={HEIGHT} y2={HEIGHT} />
        {bars.map((bar, index) => bar.value !== null && <Bar key={bar.day} bar={bar} index={index} unit={unit} />)}
      </svg>
      <figcaption class="trend__days" aria-hidden="true">
        <span>{dayWords(days[0])}</span>
        <span>{dayWords(days.at(-1))}</span>
      </figcaption>
    </figure>
  );
}

function Bar({ bar, index, unit }: { bar: TrendBar; index: number; unit: Unit }): JSX.Element {
  const height = Math.max(bar.height * (HEIGHT - 2), BAR_MIN);
  return (
    <rect class="trend__bar" x={index * SLOT + 1} width={SLOT - 2} y={HEIGHT - height} height={height}>
      <title>{`${dayWords(bar.day)}: ${valueWords(bar.value, unit)}`}</title>
    </rect>
  );
}

/** A day in UTC as the host counts it: "22 Nov". */
function dayWords(day: string | undefined): string {
  if (day === undefined) return "";
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format(Date.parse(day));
}
