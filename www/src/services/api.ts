/** The one door to the host: the package's typed client, on the origin that served this page. */
import { Client } from "./wire";

export const api = new Client({
  baseUrl: globalThis.location.origin,
  // Looked up at each call, so that a test can stand in for the network.
  fetch: (input: RequestInfo | URL, init?: RequestInit) => globalThis.fetch(input, init),
});
