import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { ownsPolicies } from "../lib/release-rules";
import { useKeys } from "../services/keys";
import { go } from "../services/router";
import { currentMe } from "../services/session";
import { takeBack, undoables } from "../services/undoables";
import { KeysDialog } from "./KeysDialog";

const keysShown = signal(false);

export function showKeys(): void {
  keysShown.value = true;
}

/** The keys that work on every screen. */
export function GlobalKeys(): JSX.Element | null {
  useKeys({
    "?": showKeys,
    "g i": () => go("#/inbox"),
    "g a": () => go("#/actions"),
    "g w": () => go("#/workflow"),
    "g p": () => {
      if (ownsPolicies(currentMe())) go("#/policy");
    },
    u: () => {
      const latest = undoables.value[0];
      if (latest !== undefined) void takeBack(latest);
    },
  });
  if (!keysShown.value) return null;
  return <KeysDialog onClose={() => (keysShown.value = false)} />;
}
