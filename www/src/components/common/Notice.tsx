import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./Icon";

interface NoticeProps {
  tone: "info" | "warn" | "bad" | "good";
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}

const ICONS: Readonly<Record<NoticeProps["tone"], IconName>> = { info: "open", warn: "alert", bad: "alert", good: "check" };

/** Something that the reviewer must know about what is on screen, with what can be done about it. */
export function Notice({ tone, icon, title, children, actions }: NoticeProps): JSX.Element {
  return (
    <div class={`notice notice--${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={icon ?? ICONS[tone]} />
      <div class="notice__text">
        <strong>{title}</strong>
        {children !== undefined && <div>{children}</div>}
      </div>
      {actions !== undefined && <div class="notice__actions">{actions}</div>}
    </div>
  );
}
