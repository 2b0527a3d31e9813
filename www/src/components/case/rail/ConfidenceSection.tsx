import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { percentWords, waterfall, type WaterfallStep } from "../../../lib/waterfall";
import { SIGNAL_STATE_WORDS, wordOf } from "../../../lib/words";
import { useCase } from "../desk-context";
import { RailSection } from "../../common/RailSection";

/** How sure the system was that the draft is right, and what that is made of. */
export function ConfidenceSection(): JSX.Element {
  const { confidence } = useCase();
  const fall = useMemo(() => waterfall(confidence), [confidence]);
  return (
    <RailSection title="Confidence" aside={<b class="confidence__total">{percentWords(confidence.probability)}</b>}>
      <p class="soft">How likely the draft is right, from what is typical, through each signal, to the total.</p>
      <table class="fall">
        <thead class="heard-only">
          <tr>
            <th scope="col">Signal</th>
            <th scope="col">Position</th>
            <th scope="col">What it adds to the log-odds</th>
          </tr>
        </thead>
        <tbody>
          <tr class="fall__end">
            <th scope="row">Typical case</th>
            <td aria-hidden="true" class="fall__cell">
              <Point at={fall.base_percent} even={fall.even_percent} line="down" />
            </td>
            <td>{percentWords(fall.base_probability)}</td>
          </tr>
          {fall.steps.map((step, index) => (
            <Step
              key={step.signal}
              step={step}
              from_percent={fall.steps[index - 1]?.end_percent ?? fall.base_percent}
              even_percent={fall.even_percent}
            />
          ))}
          <tr class="fall__end fall__end--total">
            <th scope="row">This case</th>
            <td aria-hidden="true" class="fall__cell">
              <Point at={fall.total_percent} even={fall.even_percent} line="up" />
            </td>
            <td>{percentWords(confidence.probability)}</td>
          </tr>
        </tbody>
      </table>
      <p class="soft fall__legend">
        The dotted line is 50 %. Model <code>{confidence.model_version}</code>
      </p>
    </RailSection>
  );
}

interface StepProps {
  step: WaterfallStep;
  from_percent: number;
  even_percent: number;
}

function Step({ step, from_percent, even_percent }: StepProps): JSX.Element {
  return (
    <tr class={`fall__step fall__step--${step.direction}`}>
      <th scope="row">
        {step.label}
        <span class={`fall__word fall__word--${step.state}`}>{signalWords(step)}</span>
      </th>
      <td aria-hidden="true" class="fall__cell">
        <svg class="fall__bar" focusable="false">
          <Upright class="fall__even" at={even_percent} />
          <Upright class="fall__link" at={from_percent} to="50%" />
          <Upright class="fall__link" at={step.end_percent} from="50%" />
          <rect class="fall__value" x={`${step.start_percent}%`} width={`${step.width_percent}%`} height="10" rx="1" />
        </svg>
      </td>
      <td title={step.odds}>{step.amount}</td>
    </tr>
  );
}

interface PointProps {
  at: number;
  even: number;
  line: "up" | "down";
}

function Point({ at, even, line }: PointProps): JSX.Element {
  return (
    <svg class="fall__bar" focusable="false">
      <Upright class="fall__even" at={even} />
      <Upright class="fall__link" at={at} {...(line === "up" ? { to: "50%" } : { from: "50%" })} />
      <circle class="fall__point" cx={`${at}%`} cy="50%" r="4" />
    </svg>
  );
}

interface UprightProps {
  class: string;
  at: number;
  from?: string;
  to?: string;
}

function Upright({ class: className, at, from = "0", to = "100%" }: UprightProps): JSX.Element {
  return <line class={className} x1={`${at}%`} x2={`${at}%`} y1={from} y2={to} />;
}

/** The policy's word, the reading, and the state where the word does not already say it. */
function signalWords(step: WaterfallStep): string {
  const state = wordOf(SIGNAL_STATE_WORDS, step.state);
  if (step.state !== "present") return step.word === state ? step.word : `${step.word} · ${state}`;
  return step.value === null ? step.word : `${step.word} · ${step.value.toFixed(2)}`;
}
