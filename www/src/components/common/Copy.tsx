import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { announce } from "../../services/announce";
import { Button } from "./Button";

const SHOWN_MS = 2_000;

/** Puts a text on the clipboard and says whether it worked. */
export function Copy({ text, label }: { text: string; label: string }): JSX.Element {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async (): Promise<void> => {
    const done = await writeClipboard(text);
    setCopied(done);
    announce(done ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => setCopied(null), SHOWN_MS);
  };
  return (
    <Button look="quiet" icon={copied === true ? "check" : "copy"} onPress={() => void copy()}>
      {copied === false ? "Not allowed" : copied === true ? "Copied" : label}
    </Button>
  );
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
