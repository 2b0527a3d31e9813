import type { JSX } from "preact";
import { plural } from "../../lib/words";
import { KeyHint } from "./Button";

interface NewRowsProps {
  count: number;
  /** What one of them is called: "case". */
  noun: string;
  onShow: () => void;
}

/** What is new waits here, so that nothing moves under the pointer. */
export function NewRows({ count, noun, onShow }: NewRowsProps): JSX.Element | null {
  if (count === 0) return null;
  return (
    <button type="button" class="new-cases" onClick={onShow}>
      {plural(count, `new ${noun}`)} <span class="new-cases__show">Show</span>
      <KeyHint name="." />
    </button>
  );
}
