/**
 * An edge that decides by itself: the same code in a worker, in a Node service and in a page.
 *
 * It answers and escalates by the policy that it has, whether the host is there or not. What the host does not
 * have yet, the newest policy and its sequence lie in `storage`, so that a restart forgets none of them.
 */
import { CountersignError, Edge, Engine, PolicyTrust } from "countersign";
import { Client } from "countersign/client";
import defaultPolicy from "countersign/default-policy.json" with { type: "json" };

export class EdgeService {
  #engine;
  #client;
  #edge;
  #trust;
  #storage;

  /**
   * `storage` has `get(key)` and `put(key, value)`, both asynchronous, for plain data. `publicKey` is what
   * `countersign policy key` prints; without the host's own key no policy is trusted and nothing is answered.
   */
  static async start({ host, token, publicKey, name, storage, recordsMax }) {
    const service = new EdgeService();
    service.#storage = storage;
    service.#client = new Client({ baseUrl: host, token, timeoutMs: 3_000, retries: 0 });
    const [sequence = 0, policy, kept] = await Promise.all(["sequence", "policy", "kept"].map((key) => storage.get(key)));
    service.#trust = new PolicyTrust({ publicKey, sequence, keepSequence: (latest) => storage.put("sequence", latest) });
    service.#engine = await Engine.load(policy?.bundle ?? defaultPolicy);
    // Past its date, say: then nothing is trusted until `refresh` brings a new one, and people decide.
    if (policy !== undefined) await service.#trust.admit(policy.signed, service.#engine.policy).catch(ignoreRejected);
    service.#edge = new Edge({
      engine: { decide: (request, options) => service.#engine.decide(request, options) },
      client: service.#client,
      edge: name,
      trust: service.#trust,
      kept,
      recordsMax,
    });
    return service;
  }

  /** What becomes of a draft. Where this throws, the user gets nothing of it. */
  async decide(request) {
    try {
      const { verdict, caseId } = await this.#edge.handle(request);
      const { disposition, reason, user_message } = verdict;
      return { disposition, reason, user_message, case_id: caseId };
    } finally {
      await this.#keep();
    }
  }

  /** Asks for the newest policy, and sends what waits. Call it every few seconds. */
  async refresh() {
    const results = await Promise.allSettled([this.#renew(), this.#edge.flush().finally(() => this.#keep())]);
    const failed = results.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw failed.reason;
    // What the host will never take is for a person to look at.
    return { refused: results[1].value.map(({ error }) => error.message) };
  }

  status() {
    const { policy } = this.#engine;
    return { policy, sequence: this.#trust.sequence, doubt: this.#trust.doubt(policy, Date.now()), waiting: this.#edge.waiting };
  }

  async #renew() {
    const signed = await this.#client.policyManifest();
    const { hash } = signed.manifest.policy;
    const isNew = hash !== this.#engine.policy.hash;
    const bundle = await (isNew || (await this.#storage.get("policy")) === undefined ? this.#client.policy(hash) : undefined);
    const engine = isNew ? await Engine.load(bundle) : this.#engine;
    await this.#trust.admit(signed, engine.policy);
    this.#engine = engine;
    await this.#storage.put("policy", { bundle: bundle ?? (await this.#storage.get("policy")).bundle, signed });
  }

  async #keep() {
    await this.#storage.put("kept", this.#edge.kept());
  }
}

/** Answers one call of the small interface that worker and Node service have. */
export async function answer(service, method, path, body) {
  try {
    switch (`${method} ${path}`) {
      case "POST /decide":
        return { status: 200, body: await service.decide(body) };
      case "POST /refresh":
        return { status: 200, body: await service.refresh() };
      case "GET /status":
        return { status: 200, body: service.status() };
      default:
        return { status: 404, body: { code: "not_found" } };
    }
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const { code, message, path: fault, help } = error;
    const isCallers = code.startsWith("invalid_") || code === "missing_field" || code === "unknown_field";
    return { status: isCallers ? 400 : 503, body: { code, message, path: fault, help } };
  }
}

function ignoreRejected(error) {
  if (!(error instanceof CountersignError) || error.code !== "policy_rejected") throw error;
}
