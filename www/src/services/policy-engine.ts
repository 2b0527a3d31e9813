/** The policy in force, judged by the same module as on the host; fetched only once somebody edits an action. */
import { signal } from "@preact/signals";
import type { Engine } from "countersign";
import { api } from "./api";
import { type Fault, faultOf } from "./fault";
import { noteReachability } from "./session";
import type { Action, Bundle, Gate, Proposal } from "./wire";

export type PolicyEngine =
  | { name: "none" }
  | { name: "loading" }
  | { name: "ready"; engine: Engine; bundle: Bundle }
  | { name: "fault"; fault: Fault };

export const policyEngine = signal<PolicyEngine>({ name: "none" });

/** Reads the policy that is in force now; what is loaded stays in use until then. */
export async function loadPolicyEngine(): Promise<void> {
  const before = policyEngine.peek();
  if (before.name === "loading") return;
  if (before.name !== "ready") policyEngine.value = { name: "loading" };
  try {
    const [bundle, { Engine }] = await Promise.all([api.currentPolicy(), import("countersign")]);
    const engine = await Engine.load(bundle);
    policyEngine.value = { name: "ready", engine, bundle };
    if (before.name === "ready") before.engine.free();
  } catch (error) {
    const fault = faultOf(error, "action");
    noteReachability(fault);
    if (before.name !== "ready") policyEngine.value = { name: "fault", fault };
  }
}

export type Judged = { ok: true; gate: Gate } | { ok: false; fault: Fault };

/** What the policy says of actions in the place of a proposal's own; null while there is no policy here. */
export function judge(actions: readonly Action[], { context }: Pick<Proposal, "context">, now_ms: number): Judged | null {
  const current = policyEngine.value;
  if (current.name !== "ready") return null;
  try {
    return { ok: true, gate: current.engine.classify(actions, { context, now: Math.round(now_ms) }) };
  } catch (error) {
    return { ok: false, fault: faultOf(error, "action") };
  }
}

/** The entry of the policy that took each action of a proposal. */
export function toolsOf({ gate }: Pick<Proposal, "gate">): (Bundle["actions"]["tools"][number] | null)[] {
  const current = policyEngine.value;
  return gate.actions.map(({ entry }) => {
    if (current.name !== "ready" || entry === null) return null;
    return current.bundle.actions.tools.find(({ names }) => names.includes(entry)) ?? null;
  });
}
