import type { JSX } from "preact";

const PATHS = {
  alert: "M8 1.8 15 14H1L8 1.8ZM8 6v4M8 12v.4",
  back: "M10 3 5 8l5 5",
  chart: "M2.5 2.5v11h11M5.5 11V8M8.5 11V4.5M11.5 11V6.5",
  check: "M3 8.5 6.5 12 13 4.5",
  chevron: "M6 4l4 4-4 4",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.8V8l2.2 1.6",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
  document: "M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.4h3.4M6 8.2h4.5M6 10.8h4.5",
  edit: "M10.8 2.6l2.6 2.6L6 12.6l-3.3.7.7-3.3zM9.4 4l2.6 2.6",
  history: "M2.4 8a5.6 5.6 0 1 0 1.7-4L2.4 5.6M2.4 2.4v3.2h3.2M8 5v3.2l2 1.2",
  inbox: "M2 9.5h3.5l1 2h3l1-2H14M2 9.5 4 3h8l2 6.5V13H2z",
  keys: "M1.8 4h12.4v8H1.8zM4.2 6.6h.2M7 6.6h.2M9.8 6.6h.2M4.2 9.4h7.6",
  lock: "M3.8 7.2h8.4v6.4H3.8zM5.6 7V5a2.4 2.4 0 0 1 4.8 0v2",
  model: "M8 1.8l1.5 4.2 4.2 1.6-4.2 1.6L8 13.4l-1.5-4.2-4.2-1.6L6.5 6zM13 11.5v2.6M11.7 12.8h2.6",
  next: "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
  offline: "M2 2l12 12M3 7.2a8 8 0 0 1 2.6-1.7M13 7.2a8 8 0 0 0-4.6-2M5.4 9.9a4.4 4.4 0 0 1 4.2-.9M8 12.6v.2",
  open: "M2.5 3.5h11M2.5 8h11M2.5 12.5h7",
  overdue: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6v4.2M8 11v.3",
  person: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8ZM2.8 14c.5-2.8 2.5-4.2 5.2-4.2s4.7 1.4 5.2 4.2",
  queue: "M2.5 4.5h11v7h-11zM2.5 7.5h11",
  reply: "M6.5 3 2.5 7l4 4M2.8 7h6.4c2.6 0 4.3 1.6 4.3 4.6V13",
  search: "M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2ZM10.4 10.4l3.4 3.4",
  sign_out: "M6.5 2.5h-4v11h4M7 8h7M11 5l3 3-3 3",
  tool: "M10.2 2.2a3.4 3.4 0 0 0-3 4.8L2.4 11.8l1.8 1.8L9 8.8a3.4 3.4 0 0 0 4.6-4.2l-2 2-2-.4-.4-2z",
  undo: "M5.5 3 2.5 6l3 3M2.8 6h6.5a4 4 0 0 1 0 8H6",
} as const;

export type IconName = keyof typeof PATHS;

/** A sign beside words; it never stands alone, so it says nothing to a screen reader. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The product's mark: two strokes, the model's and the person's. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark__field" width="32" height="32" rx="8" />
      <path class="mark__first" d="M7 15.5l4 4L19 9.5" />
      <path class="mark__second" d="M13 19.5l3.2 3.2L25 12.2" />
    </svg>
  );
}
