/**
 * Plays requests.jsonl against a running host as the edges of its tenants would, through the built npm package,
 * then proposes the actions of actions.jsonl.
 *
 *     node tests/samples/play.mjs --url http://127.0.0.1:8787 --token-file data/sample-edge.token
 *
 * A few users then rate what they got, so that every measure has something to show.
 *
 * The token file is `{tenant: token}`. Cases and proposals have fixed ids, so that playing twice changes nothing.
 * `--only actions` and `--only requests` play one of the two.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client } from "../../pkg/dist/client.js";
import { CountersignError, Edge, Engine } from "../../pkg/dist/node.js";
import { proposeActions, readRows, tableOfProposals } from "./actions.mjs";

/** Ends the script with one line. */
function stop(why) {
  console.error(`samples: ${why}`);
  process.exit(1);
}

function options() {
  try {
    const text = { type: "string" };
    const { values } = parseArgs({ options: { url: text, "token-file": text, only: text } });
    if (values.url === undefined || values["token-file"] === undefined) throw new Error("--url and --token-file are needed");
    if (![undefined, "actions", "requests"].includes(values.only)) throw new Error("--only takes `actions` or `requests`");
    return { url: values.url, only: values.only, tokens: JSON.parse(readFileSync(values["token-file"], "utf8")) };
  } catch (error) {
    return stop(error.message);
  }
}

/** `req_sample_001` becomes `case_sample_001`. */
const caseIdOf = (request) => request.request_id.replace(/^req_/, "case_");

async function isThere(client, caseId) {
  try {
    await client.case(caseId);
    return true;
  } catch (error) {
    if (error instanceof CountersignError && error.code === "not_found") return false;
    throw error;
  }
}

/** Whether the host refused because an earlier, interrupted play had sent it. */
const wasSentBefore = (error) => error instanceof CountersignError && ["duplicate", "idempotency_mismatch"].includes(error.code);

/** What a user says of an answer: the rating in the row, or on every third answer one that its place gives. */
function ratingOf(request, index) {
  if (request.feedback_rating !== undefined) return request.feedback_rating;
  return index % 3 === 0 ? [5, 4, 5, 2, 4, 3][(index / 3) % 6] : undefined;
}

/** Rates answers that nobody had to see; a request's id is the key, so that playing twice rates once. */
async function rate(client, requests, verdicts) {
  const answered = requests.filter((_, index) => ["answer", "limited_answer"].includes(verdicts[index]?.disposition));
  for (const [index, request] of answered.entries()) {
    const rating = ratingOf(request, index);
    if (rating === undefined) continue;
    const observation = { version: 1, kind: "rating", rating, rated_by: `user_of_${request.request_id}` };
    await client.observe(request.request_id, observation, { idempotencyKey: `rating-${request.request_id}` });
  }
}

/** Plays one tenant's requests; gives a verdict per request, or nothing where all were played before. */
async function play(engine, client, requests) {
  const now = new Date();
  const escalated = requests.filter((request) => engine.evaluate(request, { now }).disposition === "escalate");
  const last = escalated.at(-1);
  if (last !== undefined && (await isThere(client, caseIdOf(last)))) return undefined;

  const edge = new Edge({ engine, client, edge: "samples", boot: "samples" });
  const verdicts = [];
  for (const request of requests) {
    try {
      const { verdict } = await edge.handle(request, { now: new Date(), caseId: caseIdOf(request) });
      verdicts.push(verdict);
    } catch (error) {
      if (!wasSentBefore(error)) throw error;
    }
  }
  for (const { error } of await edge.flush()) if (!wasSentBefore(error)) throw error;
  await rate(client, requests, verdicts);
  return verdicts;
}

function count(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left);
}

function table(title, counts) {
  const lines = counts.map(([name, number]) => `  ${name.padEnd(24)}${String(number).padStart(4)}`);
  return [title, ...lines].join("\n");
}

const { url, tokens, only } = options();
const tokenOf = (tenant) => tokens[tenant] ?? stop(`the token file has no token for ${tenant}`);

async function playRequests() {
  const requests = readRows("requests.jsonl");
  const played = [];
  for (const tenant of new Set(requests.map((request) => request.tenant_id))) {
    const client = new Client({ baseUrl: url, token: tokenOf(tenant) });
    const engine = await Engine.load(await client.currentPolicy());
    const own = requests.filter((request) => request.tenant_id === tenant);
    const verdicts = await play(engine, client, own);
    if (verdicts === undefined) console.log(`samples: skipped ${own.length} requests of ${tenant}, they are there already`);
    else {
      console.log(`samples: played ${verdicts.length} requests of ${tenant} under policy ${engine.policy.id} ${engine.policy.version}`);
      played.push(...verdicts);
    }
  }
  if (played.length === 0) return;
  console.log(table("disposition", count(played.map((verdict) => verdict.disposition))));
  console.log(table("queue", count(played.flatMap((verdict) => verdict.routing?.queue ?? []))));
}

async function playActions() {
  const rows = readRows("actions.jsonl");
  const proposals = [];
  for (const tenant of new Set(rows.map((row) => row.tenant_id))) {
    const own = rows.filter((row) => row.tenant_id === tenant);
    const { made, views } = await proposeActions({ url, token: tokenOf(tenant) }, own);
    const skipped = own.length - made === 0 ? "" : `; ${own.length - made} are there already`;
    console.log(`samples: proposed ${made} actions of ${tenant}${skipped}`);
    proposals.push(...views);
  }
  console.log(tableOfProposals(proposals));
}

try {
  if (only !== "actions") await playRequests();
  if (only !== "requests") await playActions();
} catch (error) {
  stop(error instanceof CountersignError ? `${error.code}: ${error.message}${error.help === undefined ? "" : `; ${error.help}`}` : error.stack);
}
