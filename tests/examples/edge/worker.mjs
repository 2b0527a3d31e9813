/**
 * The service as a worker. One Durable Object holds it, because its storage outlives the isolate that decides:
 * a case that the host could not take is not lost with it.
 */
import { DurableObject } from "cloudflare:workers";
import { answer, EdgeService } from "./service.mjs";

const REFRESH_MS = 5_000;

export class EdgeObject extends DurableObject {
  #starting;

  #service() {
    const { HOST: host, TOKEN: token, PUBLIC_KEY: publicKey, RECORDS_MAX: recordsMax } = this.env;
    const storage = this.ctx.storage;
    this.#starting ??= EdgeService.start({ host, token, publicKey, name: "worker", storage, recordsMax }).catch((error) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    const body = request.method === "POST" ? await request.json().catch(() => null) : undefined;
    const { status, body: reply } = await answer(await this.#service(), request.method, pathname, body);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + REFRESH_MS);
    return Response.json(reply, { status });
  }

  async alarm() {
    // A host that is away is asked again; what waits stays where it is.
    await (await this.#service()).refresh().catch((error) => console.warn(String(error)));
    await this.ctx.storage.setAlarm(Date.now() + REFRESH_MS);
  }
}

export default {
  fetch(request, env) {
    return env.EDGE.get(env.EDGE.idFromName("edge")).fetch(request);
  },
};
