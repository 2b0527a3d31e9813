import type { JSX } from "preact";
import { VisibleLine } from "./VisibleText";

/** One line of the host's in which names and values stand between backticks: they are set as code. */
export function TickedLine({ text }: { text: string }): JSX.Element {
  const parts = text.split("`");
  // An odd one would turn words into code from there on.
  if (parts.length % 2 === 0) return <VisibleLine text={text} />;
  return (
    <>
      {parts.map((part, index) => {
        const key = `${index}`;
        if (part === "") return null;
        if (index % 2 === 0) return <VisibleLine key={key} text={part} />;
        return (
          <code key={key} class="ticked">
            <VisibleLine text={part} />
          </code>
        );
      })}
    </>
  );
}
