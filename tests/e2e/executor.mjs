// An executor as an operator would write one: it checks the host's signature, does one thing for one key
// once, and can be asked what it would do and what it did. Customers named `cust_unclear…` get no clear
// answer, as when a bank's gateway breaks half-way.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

/** Starts a ledger on a free port; `secret` is asked for at the first request, once the host knows it. */
export async function startLedger(secret) {
  const done = new Map();
  const balances = new Map();
  const balance = (customer) => balances.get(customer) ?? 10_000;
  let key;
  const answer = async (headers, text) => {
    key ??= Buffer.from((await secret()).trim().slice("whsec_".length), "base64");
    if (!isSigned(key, headers, text)) return [401, {}];
    const { mode, action, idempotency_key, binding_digest, precondition } = JSON.parse(text);
    const { customer_id: customer, amount } = action.arguments;
    const seen = `balance of ${customer}: ${balance(customer)}`;
    const told = (status, more = {}) => [200, { status, idempotency_key, binding_digest, ...more }];
    switch (mode) {
      case "preview":
        return [200, { status: "previewed", changes: [{ subject: `Balance of ${customer}`, before: balance(customer), after: balance(customer) + amount }], precondition: seen }];
      case "status":
        return done.has(idempotency_key) ? told("succeeded", { result: done.get(idempotency_key) }) : told("absent");
      default:
        if (customer.startsWith("cust_unclear")) return [502, { error: "gateway" }];
        if (!done.has(idempotency_key)) {
          if (precondition !== null && precondition !== seen) return told("drifted", { reason: "the balance moved" });
          balances.set(customer, balance(customer) + amount);
          done.set(idempotency_key, { refund_id: `re_${done.size + 1}`, balance: balance(customer) });
        }
        return told("succeeded", { result: done.get(idempotency_key) });
    }
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const [status, body] = await answer(request.headers, text).catch((error) => [500, { error: String(error) }]);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/actions`,
    done,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** As Standard Webhooks say. */
function isSigned(key, headers, text) {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
  const expected = createHmac("sha256", key).update(signed).digest();
  return String(headers["webhook-signature"]).split(" ").some((signature) => {
    const given = Buffer.from(signature.slice("v1,".length), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
