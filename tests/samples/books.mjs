/**
 * The books of the sample executor: a few customers, orders, subscriptions, accounts and appointments of
 * two tenants, and what each tool does to them.
 *
 * A tool gives a plan and changes nothing: the fields that it would write, and what else it would do.
 * Each field has a version, so that a preview can say on which state it stands.
 */
import { createHash } from "node:crypto";

/** What the books say at the beginning, by tenant and object. */
const BEGINNING = {
  northwind: {
    "customer/cust_981": { name: "Halden & Pryce LLP", email: "office@haldenpryce.example", paid: "61200.00 USD", refunded: "0.00 USD" },
    "customer/cust_40233": { name: "Theresa Gruber", email: "t.gruber@post.example", paid: "126.00 EUR", refunded: "0.00 EUR" },
    "customer/cust_44871": { name: "Lucía Ferrer", email: "lucia.ferrer@correo.example", paid: "412.50 EUR", refunded: "0.00 EUR" },
    "customer/cust_52209": { name: "佐藤 美咲", email: "misaki.sato@mail.example", paid: "59760 JPY", refunded: "0 JPY" },
    "customer/cust_60418": { name: "Owen Baptiste", email: "owen.b@mail.example", paid: "378.00 EUR", refunded: "0.00 EUR" },
    "customer/cust_61530": { name: "Karin Holm", email: "karin.holm@epost.example", paid: "4180.00 SEK", refunded: "0.00 SEK" },
    "customer/cust_66102": { name: "Café Brûlot SARL", email: "achats@brulot.example", paid: "9240.00 EUR", refunded: "1100.00 EUR" },
    "customer/cust_69944": { name: "Pieter de Wit", email: "p.dewit@post.example", paid: "229.05 EUR", refunded: "0.00 EUR" },
    "customer/cust_71320": { name: "Geneviève Côté", email: "g.cote@courriel.example", paid: "286.80 CAD", refunded: "0.00 CAD" },
    "customer/cust_80077": { name: "Marlow Hotels Group", email: "ap@marlowhotels.example", paid: "148000.00 USD", refunded: "0.00 USD" },
    "subscription/sub_51877": { plan: "Home, yearly", status: "active", renews: "2027-06-14" },
    "account/acct_55120": { email: "j.whitlock@mail.example", status: "active", orders: 14, store_credit: "7.50 EUR" },
    "account/acct_70418": { email: "trade@beanworks.example", status: "active", balance: "1904.20 USD", iban: "GB00 NWBK 0000 0000 0031 88" },
    "account/acct_71820": { email: "dana.reyes@mail.example", status: "active", second_factor: "totp" },
    "account/acct_71966": { email: "sales@roastery.example", status: "active", balance: "6120.00 USD", iban: "DE00 0000 0000 0000 0012 40" },
    "account/acct_88014": { email: "hello@grindhouse.example", status: "active", balance: "322000.00 USD", iban: "US-ACH 0000 1188" },
    "principal/prin_ops_havel": { name: "Milan Havel", roles: "support" },
    "ticket/tick_9120": { subject: "Where is my parcel?", status: "open", comments: 2 },
    "flag/checkout_hold_retry": { value: "off" },
    "key/key_3391": { owner: "acct_70418", status: "active" },
  },
  "meridian-health": {
    "customer/cust_mh_2044": { name: "Aurelio Campos", email: "aurelio.campos@correo.example", paid: "1187.00 USD", refunded: "0.00 USD" },
    "appointment/apt_90214": { patient: "pat_18842", provider: "Dr. E. Lindqvist", start: "2026-12-03T09:40:00-06:00", status: "booked" },
    "appointment/apt_88120": { patient: "pat_20931", provider: "R. Amini, LCSW", start: "2026-11-27T11:00:00-06:00", status: "booked" },
    "appointment/apt_88377": { patient: "pat_20931", provider: "R. Amini, LCSW", start: "2026-12-04T11:00:00-06:00", status: "booked" },
    "ticket/tick_mh_318": { subject: "Reminder by text message", status: "open", comments: 0 },
    "account/acct_mh_7715": { email: "p.nair@mail.example", status: "locked", second_factor: "sms" },
  },
};

/** Currencies whose amounts have other than two decimals. */
const DECIMALS = { JPY: 0, KRW: 0, KWD: 3, BHD: 3 };

/** Something cannot be done; it had no effect. */
export class Refusal extends Error {}

const decimalsOf = (currency) => DECIMALS[currency] ?? 2;

/** A text that has to be there. */
function text(value, name) {
  if (typeof value !== "string" || value === "") throw new Refusal(`${name} is missing`);
  return value;
}

/** `"42.50"` of EUR as 4250n; a number or a text, and nothing is rounded. */
function minor(amount, currency) {
  const match = /^(\d{1,12})(?:\.(\d+))?$/.exec(String(amount));
  const [, whole, fraction = ""] = match ?? [];
  if (whole === undefined || fraction.length > decimalsOf(currency)) throw new Refusal(`${amount} is not an amount of ${currency}`);
  return BigInt(whole + fraction.padEnd(decimalsOf(currency), "0"));
}

function written(units, currency) {
  const decimals = decimalsOf(currency);
  const digits = String(units).padStart(decimals + 1, "0");
  return `${decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`} ${currency}`;
}

/** Adds to a sum such as `12.00 EUR`; another currency is refused. */
function add(sum, units, currency) {
  const [amount, own] = sum.split(" ");
  if (own !== currency) throw new Refusal(`it is kept in ${own}, not in ${currency}`);
  return minor(amount, own) + units;
}

function refund(found, { customer_id, amount, currency, reason }) {
  const customer = found("customer", customer_id);
  const units = minor(amount, currency);
  const refunded = add(customer.fields.refunded, units, currency);
  const [paid] = customer.fields.paid.split(" ");
  if (units === 0n) throw new Refusal("nothing is to be refunded");
  if (refunded > minor(paid, currency)) throw new Refusal(`${customer.fields.name} has paid ${customer.fields.paid} in all`);
  return { writes: [customer.set("refunded", written(refunded, currency))], result: { refund_of: customer_id, amount: written(units, currency), reason } };
}

/** Puts money on an account, or takes it off. */
const move = (sign) => (found, { account_id, amount, currency }) => {
  const account = found("account", account_id, "active");
  if (account.fields.balance === undefined) throw new Refusal(`${account_id} has no balance`);
  const balance = add(account.fields.balance, sign * minor(amount, currency), currency);
  if (balance < 0n) throw new Refusal(`the balance of ${account_id} is ${account.fields.balance}`);
  return { writes: [account.set("balance", written(balance, currency))], result: { balance: written(balance, currency) } };
};

/** Sets one field of an object to one value. */
const settle = (kind, id, status, field, value) => (found, given) => {
  const object = found(kind, given[id], status);
  if (object.fields[field] === undefined) throw new Refusal(`${given[id]} has no ${field}`);
  return { writes: [object.set(field, value)], result: { [id]: given[id], [field]: value } };
};

function appointments(found, { appointment_ids, appointment_id, patient_id }) {
  const ids = [appointment_ids ?? appointment_id].flat();
  const all = ids.map((id) => found("appointment", id, "booked"));
  if (all.some(({ fields }) => fields.patient !== patient_id)) throw new Refusal("an appointment is another patient's");
  return all;
}

function mail(found, { to, subject }) {
  const recipients = [to].flat().filter((one) => typeof one === "string" && /^[^@\s]+@[^@\s]+$/.test(one));
  if (recipients.length === 0) throw new Refusal("there is nobody to send it to");
  return { shown: recipients.map((one) => ({ subject: `mail to ${one}`, before: null, after: subject ?? "(no subject)" })), result: { sent: recipients.length } };
}

function comment(found, { ticket_id }) {
  const ticket = found("ticket", ticket_id);
  // Comments do not get in each other's way: the preview of one holds whatever else was said.
  return { writes: [ticket.set("comments", ticket.fields.comments + 1)], isFree: true, result: { comments: ticket.fields.comments + 1 } };
}

/** What each tool does. */
const TOOLS = {
  "billing.refund": refund,
  issue_refund: refund,
  "billing.credit": move(1n),
  "payouts.adjust": move(1n),
  "billing.charge": move(-1n),
  "payouts.update_bank_details": (found, { account_id, iban }) => {
    const account = found("account", account_id, "active");
    if (account.fields.iban === undefined) throw new Refusal(`${account_id} gets no payouts`);
    return { writes: [account.set("iban", text(iban, "iban"))], note: "Payouts wait for 48 hours after a change.", result: { iban } };
  },
  "subscriptions.cancel": settle("subscription", "subscription_id", "active", "status", "cancelled"),
  "appointments.cancel": (found, given) => ({
    writes: appointments(found, given).map((one) => one.set("status", "cancelled")),
    note: "The patient is told by text message.",
    result: { cancelled: true },
  }),
  "appointments.reschedule": (found, given) => ({
    writes: appointments(found, given).map((one) => one.set("start", text(given.new_start, "new_start"))),
    note: "The patient is told by text message.",
    result: { start: given.new_start },
  }),
  "account.delete": (found, { account_id }) => {
    const account = found("account", account_id, "active");
    return { writes: Object.keys(account.fields).map((field) => account.set(field, field === "status" ? "deleted" : null)), note: "Invoices are kept for ten years, as the law asks.", result: { deleted: account_id } };
  },
  "account.reset_second_factor": settle("account", "account_id", undefined, "second_factor", "none"),
  "account.unlock": settle("account", "account_id", "locked", "status", "active"),
  "api_keys.revoke": settle("key", "key_id", "active", "status", "revoked"),
  "admin.grant": (found, { principal_id, role }) => {
    const principal = found("principal", principal_id);
    return { writes: [principal.set("roles", `${principal.fields.roles}, ${text(role, "role")}`)], result: { roles: `${principal.fields.roles}, ${role}` } };
  },
  "flags.set": (found, { flag, value }) => ({ writes: [found("flag", flag).set("value", text(value, "value"))], result: { flag, value } }),
  "data.export": (found, { dataset, records, format }) => ({ shown: [{ subject: `file ${dataset}.${format}`, before: null, after: `${records} records` }], result: { file: `${dataset}.${format}`, records } }),
  "mail.send": mail,
  "tickets.comment": comment,
};

/** Names of the tools, as the host's file of executors lists them. */
export const TOOL_NAMES = Object.keys(TOOLS);

export class Books {
  #tenants = structuredClone(BEGINNING);
  #versions = new Map();

  /**
   * What an action would do: `writes` to the books, `shown` to people, `precondition` as the state that
   * both stand on. Throws a `Refusal` where it cannot be done. Nothing changes.
   */
  plan(tenantId, { tool, arguments: given }) {
    const act = Object.hasOwn(TOOLS, tool) ? TOOLS[tool] : undefined;
    if (act === undefined) throw new Refusal(`nobody here runs ${tool}`);
    const objects = this.#tenants[tenantId] ?? {};
    const found = (kind, id, status) => {
      const key = `${kind}/${id}`;
      if (!Object.hasOwn(objects, key)) throw new Refusal(`there is no ${kind} ${id}`);
      const fields = objects[key];
      if (status !== undefined && fields.status !== status) throw new Refusal(`${id} is ${fields.status}, not ${status}`);
      return { fields, set: (field, after) => ({ object: key, field, before: fields[field], after }) };
    };
    const { writes = [], shown = [], isFree = false, note, result } = act(found, given);
    const changes = writes.map(({ object, field, before, after }) => ({ subject: `${object} ${field}`, before, after }));
    const versions = writes.map((write) => `${write.object}.${write.field}@${this.#version(tenantId, write)}`);
    const state = versions.join(" ");
    const precondition = isFree || state === "" ? undefined : state.length <= 200 ? state : createHash("sha256").update(state).digest("hex");
    return { writes, changes: [...changes, ...shown], note, precondition, result };
  }

  /** Carries out what a plan writes. */
  apply(tenantId, writes) {
    for (const write of writes) {
      this.#tenants[tenantId][write.object][write.field] = write.after;
      this.#versions.set(`${tenantId}/${write.object}.${write.field}`, this.#version(tenantId, write) + 1);
    }
  }

  #version(tenantId, { object, field }) {
    return this.#versions.get(`${tenantId}/${object}.${field}`) ?? 1;
  }
}
