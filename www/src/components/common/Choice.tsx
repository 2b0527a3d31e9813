import type { JSX } from "preact";

interface ChoiceProps {
  label: string;
  /** The words for no choice; absent where one must be made. */
  any?: string;
  value: string | null;
  options: readonly (readonly [string, string])[];
  onChoose: (value: string | null) => void;
}

/** One of a few, or none. */
export function Choice({ label, any, value, options, onChoose }: ChoiceProps): JSX.Element {
  return (
    <select
      class={value === null || any === undefined ? "choice" : "choice choice--set"}
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChoose(event.currentTarget.value === "" ? null : event.currentTarget.value)}
    >
      {any !== undefined && <option value="">{any}</option>}
      {options.map(([code, words]) => (
        <option key={code} value={code}>
          {words}
        </option>
      ))}
    </select>
  );
}

/** The values that occur, and the chosen one even where it does not. */
export function choices(chosen: string | null, values: readonly (string | null)[]): string[] {
  const all = new Set(values.filter((value) => value !== null && value !== "*"));
  if (chosen !== null) all.add(chosen);
  return [...all].filter((value): value is string => value !== null).sort();
}
