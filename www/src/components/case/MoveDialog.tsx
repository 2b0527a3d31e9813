import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { EMPTY_MOVE, type Move, type MoveForm, type MoveName, movesOf, whyNotMove } from "../../lib/case-moves";
import { queues } from "../../services/queues";
import { caseAddress, go } from "../../services/router";
import { Button } from "../common/Button";
import { Dialog } from "../common/Dialog";
import { useDesk } from "./desk-context";

const PRIORITIES = [
  ["0", "Low"],
  ["1", "Normal"],
  ["2", "High"],
  ["3", "Most urgent"],
] as const;

/** Everything that can be done with a case besides deciding it, one at a time. */
export function MoveDialog({ first, onClose }: { first: MoveName | null; onClose: () => void }): JSX.Element {
  const desk = useDesk();
  const reply = desk.reply.value;
  const moves = reply === null ? [] : movesOf(reply, desk.holding.value);
  const [name, setName] = useState<MoveName | null>(first);
  const [form, setForm] = useState<MoveForm>(EMPTY_MOVE);
  const [asked, setAsked] = useState(false);
  const move = moves.find((candidate) => candidate.name === name) ?? moves[0];
  if (move === undefined) {
    return (
      <Dialog title="More" onClose={onClose}>
        <p>Nothing else can be done with this case now.</p>
      </Dialog>
    );
  }
  const whyNot = whyNotMove(move, form);
  const change = (part: Partial<MoveForm>): void => setForm({ ...form, ...part });
  const send = async (): Promise<void> => {
    setAsked(true);
    if (whyNot !== null) return;
    const done = await desk.move(move.name, form);
    if (done === null) return;
    onClose();
    if (done.case_id !== desk.case_id) go(caseAddress(done.case_id));
  };
  return (
    <Dialog title="More" onClose={onClose}>
      <form
        class="move"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label class="move__field">
          <span>What to do</span>
          <select class="field" autoFocus value={move.name} onChange={(event) => setName(event.currentTarget.value as MoveName)}>
            {moves.map((candidate) => (
              <option key={candidate.name} value={candidate.name}>
                {candidate.label}
              </option>
            ))}
          </select>
        </label>
        <MoveFields move={move} form={form} change={change} />
        {move.text !== null && (
          <label class="move__field">
            <span>
              {move.text}
              {move.textOptional === true && <small class="soft"> (optional)</small>}
            </span>
            <textarea class="field" rows={3} maxLength={8_000} value={form.text} onInput={(event) => change({ text: event.currentTarget.value })} />
          </label>
        )}
        {asked && whyNot !== null && (
          <p class="field-help field-help--bad" role="alert">
            {whyNot}
          </p>
        )}
        {desk.problem.value !== null && (
          <p class="field-help field-help--bad" role="alert">
            {desk.problem.value.detail}
          </p>
        )}
        <div class="part__buttons">
          <Button look="primary" whyNot={desk.busy.value === null ? null : "One moment."} onPress={() => void send()}>
            {move.doing}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function MoveFields({ move, form, change }: { move: Move; form: MoveForm; change: (part: Partial<MoveForm>) => void }): JSX.Element {
  const subject = useDesk().subject.value;
  return (
    <>
      {move.fields.includes("until") && (
        <label class="move__field">
          <span>{move.name === "defer" ? "Until, before it is due" : "Due"}</span>
          <input class="field" type="datetime-local" value={form.until} onInput={(event) => change({ until: event.currentTarget.value })} />
        </label>
      )}
      {move.fields.includes("queue") && (
        <label class="move__field">
          <span>Queue</span>
          <select class="field" value={form.queue} onChange={(event) => change({ queue: event.currentTarget.value })}>
            <option value="">Choose one</option>
            {(queues.value ?? [])
              .filter(({ queue }) => queue !== subject?.queue)
              .map(({ queue, title }) => (
                <option key={queue} value={queue}>
                  {title}
                </option>
              ))}
          </select>
        </label>
      )}
      {move.fields.includes("to") && (
        <label class="move__field">
          <span>
            To whom <small class="soft">the id of a reviewer, such as prin_jonas_weber</small>
          </span>
          <input class="field" autoComplete="off" spellcheck={false} value={form.to} onInput={(event) => change({ to: event.currentTarget.value })} />
        </label>
      )}
      {move.fields.includes("into") && (
        <label class="move__field">
          <span>
            Which case <small class="soft">the id at its top, such as case_…</small>
          </span>
          <input class="field" autoComplete="off" spellcheck={false} value={form.into} onInput={(event) => change({ into: event.currentTarget.value })} />
        </label>
      )}
      {move.fields.includes("priority") && (
        <label class="move__field">
          <span>Priority</span>
          <select class="field" value={form.priority} onChange={(event) => change({ priority: event.currentTarget.value })}>
            {PRIORITIES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
