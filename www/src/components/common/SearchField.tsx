import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { KeyHint } from "./Button";
import { Icon } from "./Icon";

const TYPING_PAUSE_MS = 200;

interface SearchFieldProps {
  label: string;
  search: string;
  onSearch: (search: string) => void;
}

/** Searches shortly after the typing pauses; `/` comes here. */
export function SearchField({ label, search, onSearch }: SearchFieldProps): JSX.Element {
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // The address changed from outside: the back button, another view, or Clear.
    setText(search);
    return () => clearTimeout(timer.current);
  }, [search]);
  return (
    <div class="search">
      <Icon name="search" />
      <input
        id="search"
        class="field search__field"
        type="search"
        aria-label={label}
        placeholder="Search"
        value={text}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onSearch(typed.trim()), TYPING_PAUSE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <KeyHint name="/" />
    </div>
  );
}
