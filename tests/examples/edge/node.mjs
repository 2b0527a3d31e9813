/** The service in Node: HTTP, and a folder for what must outlive the process. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { answer, EdgeService } from "./service.mjs";

const { HOST: host, TOKEN: token, PUBLIC_KEY: publicKey, FOLDER: folder = "edge-data", PORT: port = "0", RECORDS_MAX } = process.env;
const REFRESH_MS = 5_000;
await mkdir(folder, { recursive: true });

/** One write after the other, each whole or not at all. */
let writing = Promise.resolve();
const storage = {
  async get(key) {
    const text = await readFile(join(folder, `${key}.json`), "utf8").catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  },
  put(key, value) {
    const path = join(folder, `${key}.json`);
    const write = async () => {
      await writeFile(`${path}.new`, JSON.stringify(value));
      await rename(`${path}.new`, path);
    };
    writing = writing.then(write, write);
    return writing;
  },
};

const recordsMax = RECORDS_MAX === undefined ? undefined : Number(RECORDS_MAX);
const service = await EdgeService.start({ host, token, publicKey, name: "node", storage, recordsMax });
setInterval(() => void service.refresh().catch((error) => console.warn(String(error))), REFRESH_MS).unref();

const server = createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  let body = null;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    // `null` is no request, and told as such.
  }
  const { status, body: reply } = await answer(service, request.method, request.url, body);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(reply));
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listens on http://127.0.0.1:${server.address().port}`));
