import type { ComponentChildren, JSX } from "preact";
import type { Fault, FaultKind } from "../../services/fault";
import { Icon, type IconName } from "./Icon";

interface FaceProps {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
  tone?: "calm" | "bad";
  /** The face is the whole page, so its title is the page's. */
  whole?: boolean;
}

/** What fills a place that has nothing else to show: empty, not found, not permitted, failed. */
export function Face({ icon, title, children, actions, tone = "calm", whole = false }: FaceProps): JSX.Element {
  const Title = whole ? "h1" : "h2";
  return (
    <div class={`face face--${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <span class="face__icon">
        <Icon name={icon} />
      </span>
      <Title class="face__title">{title}</Title>
      {children !== undefined && <div class="face__text">{children}</div>}
      {actions !== undefined && <div class="face__actions">{actions}</div>}
    </div>
  );
}

const FAULT_ICONS: Readonly<Partial<Record<FaultKind, IconName>>> = {
  offline: "offline",
  not_permitted: "lock",
  not_found: "search",
  session_ended: "lock",
};

interface FaultFaceProps {
  fault: Fault;
  actions?: ComponentChildren;
  whole?: boolean;
}

export function FaultFace({ fault, actions, whole = false }: FaultFaceProps): JSX.Element {
  return (
    <Face icon={FAULT_ICONS[fault.kind] ?? "alert"} title={fault.title} tone="bad" whole={whole} actions={actions}>
      <p>{fault.detail}</p>
      <p class="soft">
        Code <code>{fault.code}</code>
      </p>
    </Face>
  );
}

/** Grey lines while something loads; they wait a moment, because a flash is worse than nothing. */
export function Loading({ what, lines = 6 }: { what: string; lines?: number }): JSX.Element {
  return (
    <div class="loading" role="status">
      <span class="heard-only">Loading {what}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="loading__line" aria-hidden="true" />
      ))}
    </div>
  );
}
