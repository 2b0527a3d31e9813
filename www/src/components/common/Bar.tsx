import type { ComponentChildren, JSX } from "preact";

interface BarProps {
  words: ComponentChildren;
  children: ComponentChildren;
  done?: boolean;
  quiet?: boolean;
}

/** The bar at the foot of a screen: what can be decided, and in words what comes of it. */
export function Bar({ words, children, done, quiet }: BarProps): JSX.Element {
  return (
    <section class={done === true ? "bar bar--done" : quiet === true ? "bar bar--quiet" : "bar"} aria-label="Decide">
      <div class="bar__inner">
        <p class="bar__words" role="status">
          {words}
        </p>
        <div class="bar__buttons">{children}</div>
      </div>
    </section>
  );
}
