import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { extendSeen } from "../../lib/seen-range";

interface SeenTextProps {
  text: string;
  /** The share seen so far, each time that it grows. */
  onSeen: (share: number) => void;
  children: ComponentChildren;
}

/** Notices how much of a text has been on screen between the header and the bar, which cover it. */
export function SeenText({ text, onSeen, children }: SeenTextProps): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let seen = 0;
    const look = (): void => {
      const rect = element.current?.getBoundingClientRect();
      if (rect === undefined || document.visibilityState !== "visible") return;
      const next = extendSeen(seen, {
        text_top_px: rect.top,
        text_bottom_px: rect.bottom,
        screen_top_px: document.querySelector(".case-head")?.getBoundingClientRect().bottom ?? 0,
        screen_bottom_px: document.querySelector(".bar")?.getBoundingClientRect().top ?? window.innerHeight,
      });
      if (next === seen) return;
      seen = next;
      onSeen(seen);
    };
    // The bar is drawn after the text, so the first look waits for the whole screen.
    const first = requestAnimationFrame(look);
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      cancelAnimationFrame(first);
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [text]);
  return (
    <div ref={element} data-draft>
      {children}
    </div>
  );
}

/** Brings the first part that was not on screen yet under the header. */
export function scrollToUnseen(share: number): void {
  const rect = document.querySelector("[data-draft]")?.getBoundingClientRect();
  const head = document.querySelector(".case-head")?.getBoundingClientRect().bottom ?? 0;
  if (rect === undefined) return;
  window.scrollBy({ top: rect.top + share * rect.height - head - OVERLAP_PX });
}

/** The last lines seen stay on screen, so that the eye finds its place. */
const OVERLAP_PX = 48;
