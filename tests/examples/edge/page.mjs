/**
 * The service in a page, for a tool that people use where the network comes and goes. The host serves the page,
 * or stands behind the same name; the token is what the page's own server gives it.
 */
import { answer, EdgeService } from "./service.mjs";

const REFRESH_MS = 5_000;
const storage = {
  async get(key) {
    const text = localStorage.getItem(`edge.${key}`);
    return text === null ? undefined : JSON.parse(text);
  },
  async put(key, value) {
    localStorage.setItem(`edge.${key}`, JSON.stringify(value));
  },
};

/** Starts the service; gives the function that answers. Only one tab may hold it: the others wait for its end. */
export function start({ token, publicKey, recordsMax }) {
  return new Promise((resolve, reject) => {
    const hold = async () => {
      const service = await EdgeService.start({ host: location.origin, token, publicKey, name: "page", storage, recordsMax });
      setInterval(() => void service.refresh().catch((error) => console.warn(String(error))), REFRESH_MS);
      resolve((method, path, body) => answer(service, method, path, body));
      await new Promise(() => {});
    };
    navigator.locks.request("countersign-edge", hold).catch(reject);
  });
}
