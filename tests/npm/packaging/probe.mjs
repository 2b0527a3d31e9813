/**
 * Runs in every runtime, beside the installed package: the golden corpus, to the byte, and what a caller may
 * lean on besides. Gives one line, or throws.
 */
import { CountersignError, Edge, Engine, PolicyTrust } from "countersign";
import { Client, CountersignError as ClientsError } from "countersign/client";
import policy from "countersign/default-policy.json" with { type: "json" };
import corpus from "./corpus.json" with { type: "json" };

export async function probe(options) {
  // Two loads that meet are one module, and the second engine decides as the first.
  const [first, second] = await Promise.all([Engine.load(policy, options), Engine.load(JSON.stringify(policy))]);
  return `${decide(first)}; ${decide(second)}; ${decide(Engine.loadSync(policy))}; ${await refuse(first)}`;
}

export function decide(engine) {
  const expect = (name, found, wanted) => {
    if (engine.canonicalize(found) !== wanted) throw new Error(`${name}: ${engine.canonicalize(found)}`);
  };
  for (const { name, now, request, verdict } of corpus.decisions) expect(name, engine.evaluate(request, { now: new Date(now) }), verdict);
  for (const { name, now, actions, context, gate } of corpus.gates) expect(name, engine.classify(actions, { context, now: new Date(now) }), gate);
  return `${corpus.decisions.length} verdicts, ${corpus.gates.length} gates`;
}

async function refuse(engine) {
  const codeOf = async (use) => {
    const error = await Promise.resolve().then(use).then(() => undefined, (thrown) => thrown);
    return error instanceof CountersignError && error instanceof ClientsError ? error.code : String(error);
  };
  const client = new Client({ baseUrl: "http://127.0.0.1:9", fetch: () => Promise.reject(new TypeError("no network")), retries: 0 });
  const edge = new Edge({ engine, client, edge: "probe", boot: "boot_1" });
  const { caseId, verdict } = await edge.handle({ tenant_id: "t", user_question: "Is anybody there?", asks_for_person: true });
  if (verdict.disposition !== "escalate" || caseId === null || edge.waiting.cases !== 1) throw new Error("nothing was kept");
  if (new PolicyTrust({ publicKey: "" }).doubt(engine.policy, 0) === null) throw new Error("an unsigned policy is trusted");
  const codes = await Promise.all([
    codeOf(() => Engine.load("{")),
    codeOf(() => engine.evaluate({ tenant_id: "t" })),
    codeOf(() => engine.canonicalize(1n)),
    codeOf(() => edge.flush()),
  ]);
  return codes.join(" ");
}

/** What `probe` gives where all is well. */
export const EXPECTED = `${Array(3).fill(`${corpus.decisions.length} verdicts, ${corpus.gates.length} gates`).join("; ")}; invalid_json invalid_field invalid_field unreachable`;
