import type { JSX } from "preact";
import { INCORRECT_WORDS } from "../../lib/words";
import type { Evidence, IncorrectReason } from "../../services/wire";
import { Copy } from "../common/Copy";
import { Frame } from "../common/Frame";
import { VisibleLine } from "../common/VisibleText";
import { useCase, useDesk } from "./desk-context";

const REASONS: readonly IncorrectReason[] = ["irrelevant", "outdated", "misquoted", "wrong_scope"];

/** What the draft stands on; each piece can be marked incorrect where it stands. */
export function EvidenceList(): JSX.Element {
  const { evidence } = useCase();
  return (
    <section class="part" aria-labelledby="evidence-title">
      <div class="part__head">
        <h2 id="evidence-title">Evidence</h2>
        <span class="soft">{evidence.length === 0 ? "none was given" : evidence.length}</span>
      </div>
      <ol class="evidence">
        {evidence.map((piece, index) => (
          <li key={index}>
            <EvidenceCard piece={piece} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function EvidenceCard({ piece }: { piece: Evidence }): JSX.Element {
  const { title, document_id, url, score } = piece;
  return (
    <Frame
      author="document"
      source={
        <>
          From document <VisibleLine text={title ?? document_id} />
        </>
      }
      text={piece.quote}
      aside={<Score score={score ?? null} />}
    >
      <div class="evidence__foot">
        <span class="evidence__id soft">
          <VisibleLine text={document_id} />
          {url !== undefined && url !== null && (
            <>
              {" · "}
              <VisibleLine text={url} /> <Copy text={url} label="Copy address" />
            </>
          )}
        </span>
        <Marks document_id={document_id} />
      </div>
    </Frame>
  );
}

function Score({ score }: { score: number | null }): JSX.Element {
  if (score === null) return <span class="score soft">no score</span>;
  return (
    <span class="score">
      <svg class="score__bar" viewBox="0 0 40 4" aria-hidden="true" focusable="false">
        <rect class="score__track" width="40" height="4" rx="2" />
        <rect class="score__value" width={Math.max(2, 40 * score)} height="4" rx="2" />
      </svg>
      <span class="heard-only">match score </span>
      {score.toFixed(2)}
    </span>
  );
}

/** Marking again takes the mark away; one document has one mark, however many passages it gave. */
function Marks({ document_id }: { document_id: string }): JSX.Element {
  const desk = useDesk();
  const { incorrect_evidence } = desk.text.form.value;
  const decided = desk.subject.value?.decision?.incorrect_evidence ?? null;
  const marks = decided ?? incorrect_evidence;
  const marked = marks.find((mark) => mark.document_id === document_id)?.reason ?? null;
  const whyNot = desk.whyNotDecide.value;
  const mark = (reason: IncorrectReason): void => {
    const others = incorrect_evidence.filter((other) => other.document_id !== document_id);
    desk.update({ incorrect_evidence: marked === reason ? others : [...others, { document_id, reason }] });
  };
  return (
    <div class="marks" role="group" aria-label="Mark as incorrect">
      <span class={marked === null ? "marks__label" : "marks__label marks__label--set"}>{marked === null ? "Incorrect?" : "Incorrect:"}</span>
      {REASONS.map((reason) => (
        <button
          key={reason}
          type="button"
          class="mark-button"
          aria-pressed={marked === reason}
          aria-disabled={whyNot !== null}
          title={whyNot ?? undefined}
          onClick={() => {
            if (whyNot === null) mark(reason);
          }}
        >
          {INCORRECT_WORDS[reason]}
        </button>
      ))}
    </div>
  );
}
