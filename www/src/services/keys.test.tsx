import { cleanup, render } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DECIDE, holdKeysWhileLoading, type KeyMap, startKeys, useKeys } from "./keys";
import { keysEnabled } from "./preferences";

let stop: () => void = () => undefined;
const pressed = vi.fn<(name: string) => void>();

function Screen({ names }: { names: readonly string[] }): null {
  useKeys(Object.fromEntries(names.map((name) => [name, () => pressed(name)])) as KeyMap);
  return null;
}

function press(key: string, on: EventTarget = document.body, options: KeyboardEventInit = {}): void {
  on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
}

beforeEach(() => {
  pressed.mockClear();
  stop = startKeys();
  render(<Screen names={["a", "j", "?", "g i", "Escape", DECIDE]} />);
});

afterEach(() => {
  stop();
  cleanup();
  keysEnabled.value = true;
  holdKeysWhileLoading(false);
  document.body.innerHTML = "";
});

describe("a key", () => {
  test("does what the screen says", () => {
    press("a");
    expect(pressed.mock.calls).toEqual([["a"]]);
  });

  test.each(["input", "textarea", "select"])("does nothing while typing in %s", (name) => {
    const field = document.body.appendChild(document.createElement(name));
    press("a", field);
    expect(pressed).not.toHaveBeenCalled();
  });

  test("works on a radio button, where nobody types", () => {
    const radio = document.body.appendChild(document.createElement("input"));
    radio.type = "radio";
    press("a", radio);
    expect(pressed).toHaveBeenCalledWith("a");
  });

  test("does nothing while a dialog is open", () => {
    document.body.appendChild(document.createElement("dialog")).setAttribute("open", "");
    press("a");
    press("Enter", document.body, { ctrlKey: true });
    expect(pressed).not.toHaveBeenCalled();
  });

  test("does nothing while the next case loads", () => {
    holdKeysWhileLoading(true);
    press("a");
    press("Enter", document.body, { ctrlKey: true });
    expect(pressed).not.toHaveBeenCalled();
  });

  test.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }])("is left to the browser with %o", (options) => {
    press("a", document.body, options);
    expect(pressed).not.toHaveBeenCalled();
  });

  test("held down decides nothing twice", () => {
    press("a", document.body, { repeat: true });
    expect(pressed).not.toHaveBeenCalled();
    press("j", document.body, { repeat: true });
    expect(pressed).toHaveBeenCalledWith("j");
  });

  test("is off where keys are off, except for the chord and Escape", () => {
    keysEnabled.value = false;
    press("a");
    press("?");
    press("Enter", document.body, { ctrlKey: true });
    press("Escape");
    expect(pressed.mock.calls).toEqual([[DECIDE], ["Escape"]]);
  });
});

test("Ctrl and ⌘ with Enter work while typing", () => {
  const field = document.body.appendChild(document.createElement("textarea"));
  press("Enter", field, { ctrlKey: true });
  press("Enter", field, { metaKey: true });
  expect(pressed.mock.calls).toEqual([[DECIDE], [DECIDE]]);
});

test("g then i goes to the inbox, and g alone is forgotten", () => {
  press("g");
  press("i");
  press("i");
  expect(pressed.mock.calls).toEqual([["g i"]]);
});

test("the screen shown last is asked first, and its keys go with it", () => {
  const over = vi.fn();
  function Over(): null {
    useKeys({ a: over });
    return null;
  }
  const { unmount } = render(<Over />);
  press("a");
  unmount();
  press("a");
  expect(over).toHaveBeenCalledTimes(1);
  expect(pressed.mock.calls).toEqual([["a"]]);
});
