import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_FILTER } from "../lib/inbox-filter";
import { caseAddress, inboxAddress, parseRoute, replace, route, startRouter, tokenIn } from "./router";

describe("an address as a route", () => {
  test.each([
    ["", { name: "inbox", filter: NO_FILTER }],
    ["#/", { name: "inbox", filter: NO_FILTER }],
    ["#/inbox?view=mine&risk=high", { name: "inbox", filter: { ...NO_FILTER, view: "mine", risk_level: "high" } }],
    ["#/sign-in", { name: "sign_in" }],
    ["#/case/case_123", { name: "case", case_id: "case_123" }],
    ["#/case/a%2Fb%3Fc", { name: "case", case_id: "a/b?c" }],
    ["#/case/", { name: "unknown" }],
    ["#/case/%E0%A4%A", { name: "unknown" }],
    ["#/elsewhere", { name: "unknown" }],
  ])("%s", (hash, expected) => {
    expect(parseRoute(hash)).toEqual(expected);
  });

  test("what is written is read back", () => {
    expect(parseRoute(caseAddress("a/b?c#d"))).toEqual({ name: "case", case_id: "a/b?c#d" });
    const filter = { ...NO_FILTER, search: "a&b=c#d?" };
    expect(parseRoute(inboxAddress(filter))).toEqual({ name: "inbox", filter });
  });
});

test.each([
  ["https://review.example.com/#/sign-in/abc-DEF_123", "abc-DEF_123"],
  ["  http://127.0.0.1:8080/#/sign-in/t%2Bk  ", "t+k"],
  ["#/sign-in/abc", "abc"],
  ["one-time-token-abc123", "one-time-token-abc123"],
  ["short", null],
  ["two words of prose", null],
  ["https://review.example.com/", null],
  ["", null],
])("the token in %j is %j", (text, token) => {
  expect(tokenIn(text)).toBe(token);
});

describe("a sign-in link", () => {
  let stop: () => void = () => undefined;
  const tokens: string[] = [];

  beforeEach(() => {
    tokens.length = 0;
    history.replaceState(null, "", "#/sign-in/secret-token-1");
    stop = startRouter((token) => tokens.push(token));
  });
  afterEach(() => stop());

  test("is handed over once and leaves the address at once", () => {
    expect(tokens).toEqual(["secret-token-1"]);
    expect(location.href).not.toContain("secret-token-1");
    expect(route.value).toEqual({ name: "sign_in" });
  });

  test("works again when it is opened in the same tab", () => {
    history.replaceState(null, "", "#/sign-in/secret-token-2");
    window.dispatchEvent(new Event("hashchange"));
    expect(tokens).toEqual(["secret-token-1", "secret-token-2"]);
    expect(location.href).not.toContain("secret-token-2");
  });
});

test("a filter changes the address without a new entry in the history", () => {
  const length = history.length;
  replace("#/inbox?q=x");
  expect(history.length).toBe(length);
  expect(route.value).toMatchObject({ name: "inbox", filter: { search: "x" } });
});
