import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { keysEnabled } from "../../services/preferences";
import { Icon, type IconName } from "./Icon";

interface ButtonProps {
  children: ComponentChildren;
  onPress: () => void;
  look?: "plain" | "primary" | "danger" | "quiet";
  icon?: IconName;
  /** The key that does the same, shown on the button while keys are on. */
  keyName?: string;
  /** Why it cannot be pressed now. It stays reachable, so that the reason can be read. */
  whyNot?: string | null;
  /** The reason stands on screen elsewhere, under this id. */
  whyNotId?: string;
  pressed?: boolean;
  label?: string;
  expanded?: boolean;
  id?: string;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, onPress, look = "plain", icon, keyName, whyNot = null, whyNotId, pressed, label, expanded, id } = props;
  const ownId = useId();
  const disabled = whyNot !== null;
  return (
    <>
      <button
        type="button"
        id={id}
        class={`button button--${look}`}
        aria-disabled={disabled ? "true" : undefined}
        aria-describedby={disabled ? (whyNotId ?? ownId) : undefined}
        aria-pressed={pressed}
        aria-label={label}
        aria-expanded={expanded}
        aria-keyshortcuts={keyName !== undefined && keysEnabled.value ? shortcut(keyName) : undefined}
        title={whyNot ?? undefined}
        onClick={() => {
          if (!disabled) onPress();
        }}
      >
        {icon !== undefined && <Icon name={icon} />}
        <span class="button__label">{children}</span>
        {keyName !== undefined && <KeyHint name={keyName} />}
      </button>
      {disabled && whyNotId === undefined && (
        <span id={ownId} class="heard-only">
          {whyNot}
        </span>
      )}
    </>
  );
}

/** A key as it is printed; hidden from speech, where `aria-keyshortcuts` says it. */
export function KeyHint({ name }: { name: string }): JSX.Element | null {
  if (!keysEnabled.value && name.length === 1) return null;
  return (
    <kbd class="key" aria-hidden="true">
      {name}
    </kbd>
  );
}

function shortcut(keyName: string): string {
  return keyName === DECIDE_KEYS ? "Control+Enter Meta+Enter" : keyName === "Esc" ? "Escape" : keyName;
}

const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** How the deciding chord is printed on this machine. */
export const DECIDE_KEYS = isApple ? "⌘ ↵" : "Ctrl ↵";
