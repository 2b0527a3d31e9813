import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface RailSectionProps {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function RailSection({ title, aside, children }: RailSectionProps): JSX.Element {
  const titleId = useId();
  return (
    <section class="rail__section" aria-labelledby={titleId}>
      <div class="rail__head">
        <h2 id={titleId}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
