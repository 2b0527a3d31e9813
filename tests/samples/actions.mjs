/** Proposes the actions of actions.jsonl to a host, as the agents of its tenants would, and tells where they stand. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const CALL_TIMEOUT_MS = 10_000;
const SETTLE_TIMEOUT_MS = 20_000;

/** The rows of a file beside this one. */
export function readRows(name) {
  const lines = readFileSync(new URL(name, import.meta.url), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** One call as a tenant's application; gives status and body. */
async function call({ url, token }, path, body, key) {
  const write = body === undefined ? {} : { "content-type": "application/json", "idempotency-key": key };
  const headers = { authorization: `Bearer ${token}`, ...write };
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const response = await fetch(`${url}${path}`, { method: body === undefined ? "GET" : "POST", headers, body: JSON.stringify(body), signal });
  const told = await response.json();
  if (!response.ok && response.status !== 404) throw new Error(`${path}: ${told.code}: ${told.detail}; ${told.help}`);
  return { status: response.status, told };
}

/** A proposal as the host shows it; `undefined` where there is none. */
export async function proposal(host, proposalId) {
  const { status, told } = await call(host, `/v1/proposals/${proposalId}`);
  return status === 404 ? undefined : told;
}

/** Whether something is still on its way without anybody having to decide. */
function isMoving({ proposal, executions }) {
  if (proposal.state === "previewing") return true;
  const { state } = executions.find((execution) => execution.state !== "succeeded") ?? {};
  return proposal.state === "consumed" && (executions.length === 0 || ["prepared", "started"].includes(state));
}

/**
 * Proposes each row that is not there yet; gives how many were made, and where all of them stand once
 * nothing moves by itself any more, or after 20 seconds.
 */
export async function proposeActions(host, rows) {
  let made = 0;
  for (const { body } of rows) {
    if ((await proposal(host, body.proposal_id)) !== undefined) continue;
    // The key is for the answer that is lost on its way.
    await call(host, "/v1/proposals", body, body.proposal_id);
    made += 1;
  }
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const views = await Promise.all(rows.map(({ body }) => proposal(host, body.proposal_id)));
    if (!views.some(isMoving) || Date.now() > deadline) return { made, views };
    await pause(100);
  }
}

/** Who has to approve: `2 × billing 4`. */
function neededBy({ quorum, authorities }) {
  const words = authorities.map(({ domain, level }) => `${domain} ${level}`).join(" + ");
  return quorum > 1 ? `${quorum} × ${words}` : words;
}

/** One line for each: where it stands, how much is at stake, who has to approve, and what it does. */
export function tableOfProposals(views) {
  const rows = views.map(({ proposal, executions }) => {
    const ended = executions.map((execution) => execution.state).join(", ");
    const tools = proposal.actions.map((action) => action.tool).join(", ");
    return [proposal.proposal_id, ended === "" ? proposal.state : `${proposal.state}: ${ended}`, proposal.required.tier, neededBy(proposal.required), tools];
  });
  const all = [["proposal", "state", "at stake", "approved by", "tools"], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd()).join("\n");
}
