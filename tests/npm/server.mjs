/** A real HTTP server on a free port, for what only a badly behaved host or network shows. */
import { createServer } from "node:http";

/**
 * Serves what `answer` gives for each call: `{ status, body, headers }`, `"drop"` to cut the connection
 * after the call was read, or `"hang"` to never answer. The calls are kept as they came.
 */
export async function serve(answer) {
  const calls = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const call = { method: request.method, path: request.url, headers: request.headers, text };
    call.body = text === "" ? undefined : JSON.parse(text);
    calls.push(call);
    const reply = await answer(call, calls.length);
    if (reply === "hang") return;
    if (reply === "drop") return void request.socket.destroy();
    const { status = 200, headers = {}, body } = reply;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, calls, close };
}

/** A problem as the host writes it (RFC 9457). */
export function problem(status, code, more = {}) {
  const body = { type: `urn:countersign:problem:${code}`, code, title: code, status, detail: `detail of ${code}`, ...more };
  return { status, body, headers: { "content-type": "application/problem+json" } };
}
