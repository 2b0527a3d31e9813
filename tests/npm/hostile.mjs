/**
 * What callers do to an engine by mistake or on purpose, in any runtime: clear errors, never a wrong verdict, and
 * never another request's facts. Nothing here is of Node; `hostile` gives how many things it tried, or throws.
 */
const NOW = Date.UTC(2026, 10, 22, 10, 15);
const REQUEST = {
  tenant_id: "northwind", request_id: "req_1", user_question: "Where is my parcel?", model_draft: "It comes tomorrow.",
  domain: "support", intent: "informational", risk_level: "low", asks_for_person: false, judge_score: 1,
  signals: { retrieval_score: 1, rerank_margin: 1, answer_groundedness: 1, tool_success: 1, policy_classifier_score: 0, route_quality: 1 },
};
const ACTION = { tool: "billing.refund", arguments: { customer_id: "cust_1", amount: 20, currency: "USD" } };
const CONTEXT = { tenant_id: "northwind", domain: "billing" };

/** A value with one field put in: `at("a.b", value)` makes `{ …, a: { …, b: value } }`. */
function at(base, path, value) {
  const [head, ...rest] = path.split(".");
  return { ...base, [head]: rest.length === 0 ? value : at(base[head] ?? {}, rest.join("."), value) };
}

const nested = (depth) => {
  let value = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? { a: value } : [value];
  return value;
};
const cyclic = { list: [] };
cyclic.list.push(cyclic);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const throwing = (trap) => new Proxy({ a: 1 }, { [trap]() { throw new Error("never mind"); } });
const getter = (read) => Object.defineProperty({}, "x", { enumerable: true, get: read });

/** What is no request: what is put where, the code, and where the fault is said to be. */
const REFUSED = [
  // Depth and length.
  ["facts.deep", nested(200), "limit_exceeded", null],
  ["facts.cyclic", cyclic, "limit_exceeded", null],
  ["user_question", "x".repeat(64_001), "limit_exceeded", "/user_question"],
  ["tenant_id", "x".repeat(10_000), "invalid_field", "/tenant_id"],
  ["domain", "x".repeat(10_000), "limit_exceeded", "/domain"],
  ["messages", Array.from({ length: 100_000 }, () => ({ role: "user", text: "?" })), "limit_exceeded", "/messages"],
  ["facts.list", new Array(1_000_000), "limit_exceeded", "/facts/list"],
  // Numbers.
  ["judge_score", Number.NaN, "invalid_field", "/judge_score"],
  ["judge_score", Number.POSITIVE_INFINITY, "invalid_field", "/judge_score"],
  ["judge_score", -0.1, "invalid_field", "/judge_score"],
  ["judge_score", 1.1, "invalid_field", "/judge_score"],
  ["judge_score", "0.9", "invalid_field", "/judge_score"],
  ["signals.retrieval_score", Number.NaN, "invalid_field", "/signals/retrieval_score"],
  ["signals.retrieval_score", 2, "invalid_field", "/signals/retrieval_score"],
  ["signals.retrieval_score", "good", "invalid_field", "/signals/retrieval_score"],
  ["feedback_rating", 2.5, "invalid_field", "/feedback_rating"],
  ["facts.large", 2 ** 60, "invalid_field", "/facts/large"],
  // Texts that are none.
  ["user_question", "\ud800", "invalid_field", "/user_question"],
  ["user_question", `${"long ".repeat(100)}\udc00`, "invalid_field", "/user_question"],
  ["facts.\ud800", 1, "invalid_field", "/facts/\ufffd"],
  // Types that are none of JSON's.
  ["judge_score", 1n, "invalid_field", "/judge_score"],
  ["facts.large", 10n ** 30n, "invalid_field", "/facts/large"],
  ["facts.at", new Date(NOW), "invalid_field", "/facts/at"],
  ["facts.symbol", Symbol("s"), "invalid_field", "/facts/symbol"],
  ["facts.call", () => 1, "invalid_field", "/facts/call"],
  ["asks_for_person", 1, "invalid_field", "/asks_for_person"],
  ["asks_for_person", "true", "invalid_field", "/asks_for_person"],
  ["asks_for_person", new Boolean(true), "invalid_field", "/asks_for_person"],
  ["user_question", new String("Where?"), "invalid_field", "/user_question"],
  ["user_question", undefined, "invalid_field", "/user_question"],
  ["user_question", null, "invalid_field", "/user_question"],
  ["signals", [1, 2], "invalid_field", "/signals"],
  ["risk_level", "hihg", "invalid_field", "/risk_level"],
  // Getters and proxies.
  ["facts", getter(() => { throw new Error("never mind"); }), "invalid_field", "/facts/x"],
  ["facts.a", revoked.proxy, "invalid_field", "/facts/a"],
  ["facts.a", throwing("ownKeys"), "invalid_field", "/facts/a"],
  ["facts.a", throwing("get"), "invalid_field", "/facts/a/a"],
];

export async function hostile({ Engine, CountersignError }, policyText) {
  let tried = 0;
  const policy = JSON.parse(policyText);
  const engine = await Engine.load(policyText);
  const same = (what, found, wanted) => {
    tried += 1;
    const [left, right] = [found, wanted].map((value) => JSON.stringify(value));
    if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
  };
  const errorOf = async (use) => {
    try {
      return await use();
    } catch (error) {
      return error;
    }
  };
  const refuses = async (what, use, code, path) => {
    const error = await errorOf(use);
    tried += 1;
    if (!(error instanceof CountersignError)) throw new Error(`${what}: ${error instanceof Error ? error.stack : JSON.stringify(error)}`);
    if (error.code !== code || (path !== null && error.path !== path)) throw new Error(`${what}: ${error.code} at ${error.path}: ${error.message}`);
    if (error.message === "" || (error.code !== "invalid_json" && !error.help)) throw new Error(`${what}: no help`);
  };
  const evaluate = (request) => engine.evaluate(request, { now: NOW });
  const whole = (value) => JSON.parse(JSON.stringify(value));
  const plain = whole(evaluate(REQUEST));
  const escalated = whole(evaluate({ ...REQUEST, asks_for_person: true }));
  same("the request is answered", plain.disposition, "answer");
  same("and goes to a person where one is asked for", escalated.disposition, "escalate");

  for (const [path, value, code, fault] of REFUSED) {
    const name = `${path} = ${typeof value === "symbol" ? "a symbol" : typeof value}`;
    // What takes no part in the decision may be passed over; then it changes nothing.
    const isPassedOver = /^facts|^messages$/.test(path) || (path === "user_question" && typeof value === "string");
    const found = await errorOf(() => evaluate(at(REQUEST, path, value)).disposition);
    if (!isPassedOver || found !== "answer") await refuses(name, () => { throw found; }, code, fault);
    await refuses(`decide, ${name}`, () => engine.decide(at(REQUEST, path, value), { now: NOW }), code, fault);
    // Between two refusals, and after the last, the engine decides as before.
    same(`after ${name}`, evaluate(REQUEST), plain);
  }
  for (const request of [undefined, null, 1, "request", [], [REQUEST], () => REQUEST, 1n, Symbol("s"), new Map(Object.entries(REQUEST)), new Date()]) {
    await refuses(`a request that is ${typeof request}`, () => evaluate(request), "invalid_field", null);
  }
  for (const now of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 53, new Date(Number.NaN), "2026-11-22", null]) {
    await refuses(`now = ${now}`, () => engine.evaluate(REQUEST, { now }), "invalid_field", "/now");
    await refuses(`classify, now = ${now}`, () => engine.classify(ACTION, { context: CONTEXT, now }), "invalid_field", "/now");
  }

  for (const options of [null, 7, "now"]) same(`options = ${options}`, engine.evaluate(REQUEST, options).disposition, "answer");
  await refuses("an instant that throws", () => engine.evaluate(REQUEST, { get now() { throw new Error("never mind"); } }), "invalid_field", "/now");
  await errorOf(() => engine.classify(ACTION, { get context() { throw new Error("never mind"); } }));
  await refuses("classify without options", () => engine.classify(ACTION), "invalid_field", "/context");
  await refuses("classify without a context", () => engine.classify(ACTION, null), "invalid_field", "/context");

  // Actions: each fault under the name of what it is in.
  const classify = (action, context = CONTEXT) => engine.classify(action, { context, now: NOW });
  const gate = whole(classify(ACTION));
  for (const [action, context, code, path] of [
    [null, CONTEXT, "invalid_field", null],
    [at(ACTION, "arguments.amount", 20n), CONTEXT, "invalid_field", "/actions/arguments/amount"],
    [at(ACTION, "arguments.deep", nested(200)), CONTEXT, "limit_exceeded", null],
    [at(ACTION, "arguments", getter(() => { throw new Error("never mind"); })), CONTEXT, "invalid_field", "/actions/arguments/x"],
    [[ACTION, { ...ACTION, tool: "\ud800" }], CONTEXT, "invalid_field", "/actions/1/tool"],
    [new Array(10_000).fill(ACTION), CONTEXT, "limit_exceeded", "/actions"],
    [ACTION, {}, "invalid_field", "/context/tenant_id"],
    [ACTION, { ...CONTEXT, facts: { at: new Date() } }, "invalid_field", "/context/facts/at"],
  ]) {
    await refuses(`classify ${path}`, () => classify(action, context), code, path);
    same("the gate after that", classify(ACTION), gate);
  }
  // An amount that cannot be judged is no small one.
  for (const amount of ["20", Number.NaN, -20, null, undefined, {}, [], 20.001, "twenty", true]) {
    const found = await errorOf(() => classify(at(ACTION, "arguments.amount", amount)));
    tried += 1;
    const isCautious = found instanceof CountersignError ? found.code === "invalid_field" : found.verdict === "require_approval" || amount === "20";
    if (!isCautious) throw new Error(`an amount of ${String(amount)} is let through`);
  }

  // Getters that change between reads: one read, and what it gave is what was judged and what the digest covers.
  for (const values of [[true, false], [false, true]]) {
    let reads = 0;
    const shifting = { ...REQUEST };
    delete shifting.asks_for_person;
    Object.defineProperty(shifting, "asks_for_person", { enumerable: true, get: () => values[Math.min(reads++, 1)] });
    const found = whole(evaluate(shifting));
    same("a getter is read once", reads, 1);
    same("and judged as it was read", found, values[0] ? escalated : plain);
  }
  const reads = {};
  const transparent = new Proxy(REQUEST, { get: (target, key) => ((reads[key] = (reads[key] ?? 0) + 1), target[key]) });
  same("a proxy that hides nothing", evaluate(transparent), plain);
  // Once for each path that may decide, and one of them decides alone.
  same("is read twice at most", Math.max(...Object.values(reads)) <= 2, true);
  const lying = new Proxy({ ...REQUEST, asks_for_person: true }, { ownKeys: (target) => Reflect.ownKeys(target).filter((key) => key !== "asks_for_person") });
  same("a proxy cannot show one thing and be another", [plain.disposition, escalated.disposition].includes(evaluate(lying).disposition), true);

  // Objects that nobody may change, that inherit, and that bring keys of the language's own.
  const freeze = (value) => (typeof value === "object" && value !== null ? Object.freeze(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, freeze(inner)]))) : value);
  same("a frozen request", evaluate(freeze(REQUEST)), plain);
  same("one without a prototype", evaluate(Object.assign(Object.create(null), REQUEST)), plain);
  same("undefined is left out", evaluate({ ...REQUEST, feedback_rating: undefined, signals: { ...REQUEST.signals, other: undefined } }), plain);
  const inherited = Object.assign(Object.create({ asks_for_person: true, domain: "legal" }), REQUEST);
  delete inherited.asks_for_person;
  same("what is inherited takes no part", evaluate(inherited), (({ asks_for_person: _, ...rest }) => evaluate(rest))(REQUEST));
  await refuses("a request that only inherits", () => evaluate(Object.create(REQUEST)), "invalid_field", "/tenant_id");
  for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    const facts = JSON.parse(`{"${key}":{"polluted":true,"disposition":"answer"}}`);
    await errorOf(() => evaluate({ ...REQUEST, facts }));
    await errorOf(() => classify(at(ACTION, "arguments", { ...ACTION.arguments, nested: facts }), { ...CONTEXT, facts }));
    same(`nothing comes of ${key}`, [{}.polluted, [].polluted, Object.getPrototypeOf(evaluate(REQUEST)) === Object.prototype], [undefined, undefined, true]);
  }
  for (const [key, value] of Object.entries({ asks_for_person: true, domain: "legal", signals: {}, toJSON: () => ({}) })) {
    Object.defineProperty(Object.prototype, key, { value, configurable: true, enumerable: true, writable: true });
    try {
      const { asks_for_person: _, ...rest } = REQUEST;
      same(`a prototype polluted with ${key}`, evaluate(rest).disposition, "answer");
    } finally {
      delete Object.prototype[key];
    }
  }

  // Two engines at once, of two policies; results that are read late, and after what they came from is gone.
  const otherPolicy = JSON.parse(policyText);
  otherPolicy.version = "other";
  otherPolicy.triggers = otherPolicy.triggers.filter(({ id }) => id !== "asks_for_person");
  const other = await Engine.load(otherPolicy);
  const wanted = { ...REQUEST, asks_for_person: true };
  const [mine, theirs] = [evaluate(wanted), other.evaluate(wanted, { now: NOW })];
  const third = { ...REQUEST, request_id: "req_3", user_question: "Another one.", domain: "legal" };
  const late = evaluate(third);
  for (let index = 0; index < 50; index += 1) (index % 2 === 0 ? engine : other).evaluate({ ...REQUEST, request_id: `req_${index}` }, { now: NOW + index });
  third.user_question = "changed";
  third.domain = "support";
  same("each engine by its own policy", [mine.disposition, theirs.disposition], ["escalate", "answer"]);
  same("and under its own name", [mine.policy, theirs.policy], [engine.policy, other.policy]);
  same("a result that is read late is that of its own request", [late.request_id, late.disposition], ["req_3", evaluate({ ...third, domain: "legal", user_question: "Another one." }).disposition]);
  same("down to the digest of what was judged", late.digest, evaluate({ ...third, domain: "legal", user_question: "Another one." }).digest);
  mine.disposition = "answer";
  mine.triggers.length = 0;
  same("who changes a result changes no other", evaluate(wanted), escalated);
  other.free();
  same("a result outlives its engine", theirs.disposition, "answer");
  for (const use of [() => other.evaluate(REQUEST), () => other.decide(REQUEST), () => other.classify(ACTION, { context: CONTEXT }), () => other.canonicalize(1)]) {
    await refuses("after `free`", use, "invalid_state", null);
  }
  other.free();
  same("the other engine goes on", evaluate(REQUEST), plain);

  // A getter that asks the engine, and its fellow, while its own request is being read.
  const fellow = await Engine.load(policyText);
  let within;
  const reentrant = { ...REQUEST };
  Object.defineProperty(reentrant, "domain", {
    enumerable: true,
    get() {
      within = [whole(evaluate({ ...REQUEST, request_id: "req_9", asks_for_person: true })), whole(fellow.evaluate(REQUEST, { now: NOW })), whole(classify(ACTION))];
      return "support";
    },
  });
  same("the outer request", evaluate(reentrant), plain);
  same("the inner ones", within, [whole(evaluate({ ...REQUEST, request_id: "req_9", asks_for_person: true })), plain, gate]);
  const suicidal = { ...REQUEST };
  Object.defineProperty(suicidal, "domain", { enumerable: true, get: () => (fellow.free(), "support") });
  const freed = await errorOf(() => fellow.evaluate(suicidal, { now: NOW }));
  same("an engine that is freed while it reads decides rightly or not at all", freed instanceof CountersignError ? freed.code : freed.disposition, freed instanceof CountersignError ? "invalid_state" : "answer");
  same("and takes no other with it", evaluate(REQUEST), plain);

  // Bundles.
  for (const [bundle, code, path] of [
    ["", "invalid_json", undefined],
    ["{", "invalid_json", undefined],
    [policyText.replace(/^\{/, '{"bundle_version":1,'), "invalid_json", undefined],
    [policyText.replace('"version":', '"\\u0076ersion":"0","version":'), "invalid_json", undefined],
    [new Uint8Array([0xff, 0xfe]), "invalid_json", undefined],
    ["[]", "policy_rejected", ""],
    [null, "policy_rejected", ""],
    [[policy], "policy_rejected", ""],
    [{ ...policy, bundle_version: policy.bundle_version + 1 }, "policy_rejected", "/bundle_version"],
    [{ ...policy, bundle_version: policy.bundle_version - 1 }, "policy_rejected", "/bundle_version"],
    [{ ...policy, bundle_version: "2" }, "policy_rejected", "/bundle_version"],
    [{ ...policy, surprise: 1 }, "policy_rejected", "/surprise"],
    [{ ...policy, triggers: nested(300) }, null, null],
    [{ ...policy, triggers: getter(() => { throw new Error("never mind"); }) }, null, null],
  ]) {
    const error = await errorOf(() => Engine.load(bundle));
    tried += 1;
    if (!(error instanceof CountersignError)) throw new Error(`a bundle is taken, or not told: ${String(error)}`);
    if (code !== null && (error.code !== code || error.path !== path)) throw new Error(`a bundle: ${error.code} at ${error.path}: ${error.message}`);
  }
  same("after all that", [evaluate(REQUEST), classify(ACTION)], [plain, gate]);
  engine.free();
  return tried;
}

/**
 * An end in the middle: what the module calls throws, so that it never comes back from its work. It poisons the
 * module for good, so that it comes last. Gives the codes that everything ends in after that.
 */
export async function trap({ Engine }, policyText) {
  const engine = await Engine.load(policyText);
  const other = await Engine.load(policyText);
  const { parse } = JSON;
  const codes = [];
  const code = (use) => {
    try {
      codes.push(JSON.stringify(use()));
    } catch (error) {
      codes.push(error.code);
    }
  };
  JSON.parse = () => { throw new Error("in the middle"); };
  try {
    code(() => engine.decide(REQUEST, { now: NOW }));
  } finally {
    JSON.parse = parse;
  }
  for (const each of [engine, other]) {
    code(() => each.evaluate(REQUEST, { now: NOW }));
    code(() => each.classify(ACTION, { context: CONTEXT, now: NOW }));
    code(() => each.canonicalize(1));
  }
  codes.push(await Engine.load(policyText).then(() => "loaded", (error) => error.code));
  return codes.join();
}

export const TRAPPED = Array(8).fill("internal").join();
