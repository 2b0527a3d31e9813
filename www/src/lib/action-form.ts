/**
 * What a reviewer is about to do with a proposed action: from the form on screen to the command that is sent, or to what is missing.
 *
 * A button, a key and an announcement all read the same name from here, so what is announced is what is sent.
 */
import type { Action, Proposal } from "../services/wire";
import { ACTION_REASONS, type ActionReason, actionName } from "./action-words";
import { actionOf, type ArgumentField, differences } from "./argument-rows";

export type ActionMode = "approve" | "reject" | "respond" | "edit" | "revoke" | "withdraw";

export interface ActionForm {
  mode: ActionMode;
  /** In the approver's words, for colleagues and the log. */
  note: string;
  reason_code: ActionReason | null;
  reason_text: string;
  /** What the agent is told to do instead. */
  message: string;
  /** The fields of each action; `null` until somebody edits. */
  fields: ArgumentField[][] | null;
  /** Why an approval, or what one asked for, is taken back. */
  back_reason: string;
}

export type ActionBody =
  | { command: "approve"; body: { binding_digest: string; note?: string } }
  | { command: "reject"; body: { reason: string } }
  | { command: "respond"; body: { message: string } }
  | { command: "edit"; body: { revision: number; actions: Action[] } }
  | { command: "revoke"; body: { reason: string } }
  | { command: "withdraw"; body: { reason?: string } };

export type ActionDecision = { name: string } & ({ complete: true; send: ActionBody } | { complete: false; missing: string });

export const EMPTY_ACTION_FORM: ActionForm = {
  mode: "approve",
  note: "",
  reason_code: null,
  reason_text: "",
  message: "",
  fields: null,
  back_reason: "",
};

/** The command that the form stands for. */
export function actionDecision(form: ActionForm, proposal: Proposal): ActionDecision {
  switch (form.mode) {
    case "approve": {
      const note = form.note.trim();
      const body = { binding_digest: proposal.binding_digest, ...(note === "" ? {} : { note }) };
      return { name: `Approve: ${actionName(proposal)}`, complete: true, send: { command: "approve", body } };
    }
    case "reject":
      return rejection(form);
    case "respond": {
      const name = "Say no, and send the message to the agent";
      const message = form.message.trim();
      if (message === "") return { name, complete: false, missing: "Write what the agent should do instead." };
      return { name, complete: true, send: { command: "respond", body: { message } } };
    }
    case "edit":
      return edit(form, proposal);
    case "revoke": {
      const name = proposal.state === "consumed" ? "Ask to stop it" : "Revoke the approval";
      const reason = form.back_reason.trim();
      if (reason === "") return { name, complete: false, missing: "Write why." };
      return { name, complete: true, send: { command: "revoke", body: { reason } } };
    }
    case "withdraw": {
      const reason = form.back_reason.trim();
      return { name: "Withdraw what you proposed", complete: true, send: { command: "withdraw", body: reason === "" ? {} : { reason } } };
    }
  }
}

/** The actions as edited; null where a field is wrong. */
export function editedActions(form: ActionForm, proposal: Pick<Proposal, "actions">): Action[] | null {
  const { fields } = form;
  if (fields === null) return proposal.actions;
  const edited = proposal.actions.map((action, position) => actionOf(action, fields[position] ?? []));
  return edited.some((action) => action === null) ? null : edited.filter((action) => action !== null);
}

/** What a reviewer would lose if it were thrown away; null where they wrote nothing. */
export function writtenAction(form: ActionForm, proposal: Pick<Proposal, "actions">): string | null {
  const texts = [form.note, form.reason_text, form.message, form.back_reason].map((text) => text.trim()).filter((text) => text !== "");
  const edited = editedActions(form, proposal);
  const changed = form.fields !== null && (edited === null || differences(proposal.actions, edited).length > 0);
  if (changed) texts.push(JSON.stringify(edited ?? form.fields, null, 2));
  return texts.length === 0 ? null : texts.join("\n\n");
}

function rejection(form: ActionForm): ActionDecision {
  const name = "Reject: nothing is done";
  const chosen = ACTION_REASONS.find(({ code }) => code === form.reason_code);
  if (chosen === undefined) return { name, complete: false, missing: "Choose a reason." };
  const text = form.reason_text.trim();
  if (chosen.code === "other" && text === "") return { name, complete: false, missing: "Write the reason." };
  const reason = chosen.code === "other" ? text : text === "" ? chosen.words : `${chosen.words}: ${text}`;
  return { name, complete: true, send: { command: "reject", body: { reason } } };
}

function edit(form: ActionForm, proposal: Proposal): ActionDecision {
  const name = "Save the edit as a new proposal";
  const actions = editedActions(form, proposal);
  if (actions === null) return { name, complete: false, missing: "A field has a mistake: see below it what is wrong." };
  if (differences(proposal.actions, actions).length === 0) return { name, complete: false, missing: "Nothing is changed yet." };
  return { name, complete: true, send: { command: "edit", body: { revision: proposal.revision, actions } } };
}
