import type { JSX } from "preact";
import { plural } from "../../lib/words";
import { Moment } from "../common/Badges";
import { Frame } from "../common/Frame";
import { VisibleLine } from "../common/VisibleText";
import { useProposal } from "./desk-context";
import { Change } from "./Differences";

/** What a dry run says would change, or that there was none. */
export function PreviewPart(): JSX.Element {
  const { preview, required, state } = useProposal();
  const seenStates = preview?.preconditions.filter((precondition) => precondition !== null) ?? [];
  return (
    <section class="part" aria-labelledby="preview-title">
      <div class="part__head">
        <h2 id="preview-title">Preview</h2>
        <span class="soft">
          {preview === null ? "" : (
            <>
              {plural(preview.changes.length, "change")}, seen <Moment at={preview.previewed_at} />
            </>
          )}
        </span>
      </div>
      {preview === null ? (
        <p class={required.preview_required ? "aside-note" : "plain-note"}>
          {state === "previewing"
            ? "A dry run is under way."
            : required.preview_required
              ? "No preview, although the policy asks for one."
              : `No preview: nobody tried out what would change.${state === "pending" ? " Decide from the arguments above." : ""}`}
        </p>
      ) : (
        <>
          {preview.changes.length === 0 ? (
            <p class="plain-note">The dry run found nothing that would change.</p>
          ) : (
            <ul class="changes">
              {preview.changes.map((change, index) => (
                <Change key={index} {...change} />
              ))}
            </ul>
          )}
          {preview.note !== null && <Frame author="tool" source="Written by the executor" text={preview.note} />}
          {seenStates.length > 0 && (
            <p class="soft">
              It is done only while the executor still finds{" "}
              {seenStates.map((seen, index) => (
                <span key={index}>
                  {index > 0 && ", "}
                  <code>
                    <VisibleLine text={seen} />
                  </code>
                </span>
              ))}
              .
            </p>
          )}
        </>
      )}
    </section>
  );
}
