import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Absent where the dialog cannot be left, only answered. */
  onClose?: () => void;
}

/** A modal dialog of the browser: it keeps the focus, and single keys do nothing while it is open. */
export function Dialog({ title, children, onClose }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        // A click on the dialog itself is a click on its backdrop: the content fills the rest.
        if (event.target === element.current) onClose?.();
      }}
    >
      <div class="dialog__content">
        <div class="dialog__head">
          <h2 id={titleId}>{title}</h2>
          {onClose !== undefined && (
            <button type="button" class="button button--quiet" onClick={onClose}>
              Close
            </button>
          )}
        </div>
        {children}
      </div>
    </dialog>
  );
}
