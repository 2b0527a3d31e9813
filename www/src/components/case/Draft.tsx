import type { JSX } from "preact";
import { Button } from "../common/Button";
import { Face } from "../common/Face";
import { Frame } from "../common/Frame";
import { enterMode, leaveMode } from "./case-keys";
import { useCase, useDesk } from "./desk-context";
import { EditPanel } from "./EditPanel";
import { OwnAnswerPanel } from "./OwnAnswerPanel";
import { RejectPanel } from "./RejectPanel";
import { SeenText } from "./SeenText";
import { isOpen } from "../../lib/desk-rules";

/** The model's draft, and beside it whatever the reviewer makes of it. */
export function Draft(): JSX.Element {
  const desk = useDesk();
  const subject = useCase();
  const { mode } = desk.text.form.value;
  const working = desk.holding.value || desk.claimLost.value;
  const active = working && isOpen(subject) ? mode : "approve";
  return (
    <section class="part" aria-labelledby="draft-title">
      <div class="part__head">
        <h2 id="draft-title">{active === "edit" ? "Edited answer" : "Draft"}</h2>
        {desk.holding.value && active === "approve" && subject.model_draft !== null && (
          <Button look="quiet" icon="edit" keyName="e" onPress={() => enterMode(desk, "edit")}>
            Edit
          </Button>
        )}
        {active === "edit" && (
          <Button look="quiet" keyName="Esc" onPress={() => leaveMode(desk)}>
            Back to the draft
          </Button>
        )}
      </div>
      {active === "edit" ? <EditPanel /> : <DraftText />}
      {active === "reject" && <RejectPanel />}
      {active === "replace" && <OwnAnswerPanel />}
    </section>
  );
}

function DraftText(): JSX.Element {
  const desk = useDesk();
  const { model_draft, language } = useCase();
  if (model_draft === null) {
    return (
      <Face icon="model" title="The model wrote no draft">
        <p>Answer in your own words, or reject.</p>
      </Face>
    );
  }
  return (
    <SeenText onSeen={(share) => (desk.text.draftSeen.value = share)} text={model_draft}>
      <Frame author="model" source="Written by the model" text={model_draft} language={language} />
    </SeenText>
  );
}
