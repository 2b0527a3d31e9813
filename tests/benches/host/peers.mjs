/**
 * pg-boss and graphile-worker on the same PostgreSQL: jobs taken one by one by as many workers as the host's
 * cycles have clients, and completed one by one. They keep no audit log, no event and no idempotency key.
 *
 *     node peers.mjs FOLDER_OF_PACKAGES COUNT CLIENTS
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, count, clients] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const require = createRequire(join(folder, "package.json"));
const connectionString = process.env.PEERS_DATABASE;
const rows = [];

async function timed(name, work) {
  const { version } = JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json")));
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  rows.push({ name, version, cycles_per_second: count / seconds });
}

async function boss() {
  const found = require("pg-boss");
  const PgBoss = found.PgBoss ?? found.default ?? found;
  const boss = new PgBoss({ connectionString, max: clients, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue("cases");
  const jobs = Array.from({ length: count }, (_, index) => ({ name: "cases", data: { case_id: `case_${index}` } }));
  for (let from = 0; from < count; from += 500) {
    const some = jobs.slice(from, from + 500);
    // Its form changed with version 11.
    if (boss.insert.length >= 2) await boss.insert("cases", some.map(({ data }) => ({ data })));
    else await boss.insert(some);
  }
  let done = 0;
  const worker = async () => {
    for (;;) {
      const [job] = (await boss.fetch("cases")) ?? [];
      if (!job) return;
      await boss.complete("cases", job.id);
      done += 1;
    }
  };
  await timed("pg-boss", () => Promise.all(Array.from({ length: clients }, worker)));
  if (done !== count) throw new Error(`pg-boss completed ${done} of ${count}`);
  await boss.stop({ graceful: false });
}

async function graphile() {
  const { makeWorkerUtils, run, Logger } = require("graphile-worker");
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  await utils.withPgClient((client) =>
    client.query("SELECT graphile_worker.add_job('cases', json_build_object('case_id', 'case_' || n)) FROM generate_series(1, $1::int) n", [count]),
  );
  let done = 0;
  await timed("graphile-worker", async () => {
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    const runner = await run({
      connectionString,
      concurrency: clients,
      maxPoolSize: clients + 2,
      pollInterval: 50,
      logger,
      noHandleSignals: true,
      taskList: {
        cases: async () => {
          done += 1;
          if (done === count) finish();
        },
      },
    });
    await finished;
    await runner.stop();
  });
  await utils.release();
}

await boss();
await graphile();
console.log(JSON.stringify(rows));
