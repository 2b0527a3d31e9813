/**
 * A network for tests: the real client speaks to it, and each test says what the host answers.
 *
 * A request that no test expected fails the test, because a screen that asks for something by itself is news.
 */
import { vi } from "vitest";

export interface Sent {
  method: string;
  path: string;
  body: unknown;
  key: string | null;
}

type Answer = (sent: Sent) => { status?: number; body?: unknown } | "no_connection";

export class TestHost {
  readonly sent: Sent[] = [];
  private readonly routes = new Map<string, Answer>();

  constructor() {
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => this.answer(url, init));
  }

  /** `route` is a method and a path without its query, such as "POST /v1/session". */
  on(route: string, answer: Answer): this {
    this.routes.set(route, answer);
    return this;
  }

  sentTo(route: string): Sent[] {
    return this.sent.filter(({ method, path }) => `${method} ${path.split("?")[0]}` === route);
  }

  private async answer(url: string, init: RequestInit): Promise<Response> {
    const { pathname, search } = new URL(url);
    const method = init.method ?? "GET";
    const sent: Sent = {
      method,
      path: pathname + search,
      body: typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : null,
      key: new Headers(init.headers).get("idempotency-key"),
    };
    this.sent.push(sent);
    const route = this.routes.get(`${method} ${pathname}`);
    if (route === undefined) throw new Error(`no test expected ${method} ${pathname}`);
    const reply = route(sent);
    if (reply === "no_connection") throw new TypeError("no connection");
    const { status = 200, body } = reply;
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  }
}

export function problem(status: number, code: string, detail = code): { status: number; body: unknown } {
  return { status, body: { type: `urn:countersign:problem:${code}`, code, title: code, status, detail } };
}
