/**
 * Times of one decision in Node, side by side with hand-written JavaScript, and how they grow.
 *
 * What is timed is processor time, so that other work on the machine counts less; still, trust the ratios of one run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { baseline } from "./baseline.mjs";

const ROUNDS = 21;
const PER_ROUND = 4_000;
const NOW = Date.UTC(2026, 10, 23, 10);
const median = (values) => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];

/** Microseconds that each of these takes for one of the inputs, round by round in turn. */
function measure(subjects) {
  const rounds = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  let decided = 0;
  for (let round = -4; round < ROUNDS; round += 1) {
    for (const [name, [inputs, decide, perInput = 1]] of Object.entries(subjects)) {
      const passes = Math.ceil(PER_ROUND / (inputs.length * perInput));
      const started = process.cpuUsage();
      for (let pass = 0; pass < passes; pass += 1) for (const input of inputs) decided += decide(input).length;
      const { user, system } = process.cpuUsage(started);
      // The first rounds warm up.
      if (round >= 0) rounds[name].push((user + system) / (passes * inputs.length * perInput));
    }
  }
  if (decided === 0) throw new Error("nothing was decided");
  return Object.fromEntries(Object.entries(rounds).map(([name, values]) => [name, median(values)]));
}

/** The policy with its triggers over and over, under new names. */
function grown(bundle, rules) {
  const triggers = Array.from({ length: rules }, (_, index) => {
    const trigger = bundle.triggers[index % bundle.triggers.length];
    return index < bundle.triggers.length ? trigger : { ...trigger, id: `rule_${index}` };
  });
  return { ...bundle, triggers };
}

/** The usual request with a draft and evidence that come to so many bytes. */
function inflated(request, bytes) {
  const quote = "A passage that the draft stands on. ".repeat(Math.ceil(bytes / 10 / 36));
  return { ...request, model_draft: quote.slice(0, 60_000), evidence: Array.from({ length: 9 }, () => ({ document_id: "d", quote })) };
}

/** Lets what nobody holds any more go: what was held weakly is given up only between two turns. */
async function settled() {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.gc?.();
}

export async function decisions(root, dist) {
  const { Engine } = await import(join(dist, "node.js"));
  const bundle = JSON.parse(readFileSync(join(dist, "default-policy.json"), "utf8"));
  const engine = await Engine.load(bundle);
  const rows = readFileSync(join(root, "tests/samples/requests.jsonl"), "utf8").trim().split("\n").map((row) => JSON.parse(row));
  const requests = rows.filter((row) => !(row.proposed_actions?.length > 0));
  const proposing = rows.filter((row) => row.proposed_actions?.length > 0);
  const context = { tenant_id: "northwind", domain: "billing" };
  const actions = [
    { tool: "billing.refund", arguments: { amount: 240.5, currency: "EUR", customer_id: "c_1", reason: "duplicate" } },
    { tool: "mail.send", arguments: { to: "a@example.org", body: "Hello" } },
    { tool: "data.export", arguments: { records: 50 } },
    { tool: "kb.search", arguments: { text: "refunds" } },
  ];
  const options = { now: NOW };
  const gateOptions = { context, now: NOW };
  // Each is looked at, as somebody would who asked.
  const dispositions = (verdicts) => {
    let told = "";
    for (const { disposition } of verdicts) told = disposition;
    return told;
  };
  const withReasons = (request) => {
    const { disposition, triggers, routing } = engine.evaluate(request, options);
    let told = disposition;
    for (const trigger of triggers) told += trigger.id;
    return routing === null ? told : told + routing.queue + routing.sla_ms;
  };
  const withRules = (action) => {
    const { verdict, authority, reasons } = engine.classify(action, gateOptions);
    let told = verdict;
    for (const reason of reasons) told += reason.rule;
    return authority === null ? told : told + authority.level;
  };
  const us = measure({
    javascript: [requests, (request) => baseline(request).disposition],
    evaluate: [requests, (request) => engine.evaluate(request, options).disposition],
    evaluate_with_rules: [requests, withReasons],
    evaluate_batch: [[requests], (all) => dispositions(engine.evaluateBatch(all, options)), requests.length],
    evaluate_in_full: [requests.slice(0, 10), (request) => engine.evaluate(request, options).reason],
    evaluate_of_actions: [proposing, (request) => engine.evaluate(request, options).disposition],
    classify: [actions, (action) => engine.classify(action, gateOptions).verdict],
    classify_with_rules: [actions, withRules],
  });
  const agreed = requests.filter((request) => baseline(request).disposition === engine.evaluate(request, options).disposition);

  const usual = requests[1];
  const [small, medium, large] = [1_000, 10_000, 100_000].map((bytes) => inflated(usual, bytes));
  const some = await Engine.load(grown(bundle, 100));
  const many = await Engine.load(grown(bundle, 1_000));
  const growth = measure({
    request_1_kb: [[small], (request) => engine.evaluate(request, options).disposition],
    request_10_kb: [[medium], (request) => engine.evaluate(request, options).disposition],
    request_100_kb: [[large], (request) => engine.evaluate(request, options).disposition],
    rules_100: [[small], (request) => some.evaluate(request, options).disposition],
    rules_1000: [[small], (request) => many.evaluate(request, options).disposition],
  });

  await settled();
  const before = process.memoryUsage();
  for (let count = 0; count < 300_000; count += 1) engine.evaluate(requests[count % requests.length], options).disposition;
  await settled();
  const after = process.memoryUsage();
  return {
    requests: requests.length,
    baseline_agrees: agreed.length,
    us,
    growth_us: growth,
    rules: bundle.triggers.length,
    heap_growth_bytes: after.heapUsed - before.heapUsed,
    resident_bytes: after.rss,
  };
}
