import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../components/App";
import { session, signIn } from "../services/session";
import { seriousFaults } from "../test/axe";
import { problem, TestHost } from "../test/host";
import { NOW, sampleMe } from "../test/samples";

let host: TestHost;

beforeEach(() => {
  history.replaceState(null, "", "#/sign-in");
  session.value = { status: "signed_out", refused: null };
  host = new TestHost()
    .on("POST /v1/session", () => ({ body: sampleMe() }))
    .on("GET /v1/me", () => ({ body: sampleMe() }))
    .on("GET /v1/queues", () => ({ body: { queues: [], now: NOW } }))
    .on("GET /v1/cases", () => ({ body: { cases: [], next_cursor: null, now: NOW } }));
  render(<App />);
});

afterEach(cleanup);

function paste(text: string): void {
  fireEvent.input(screen.getByLabelText("Sign-in link"), { target: { value: text } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

describe("signing in", () => {
  test("explains itself", async () => {
    expect(screen.getByRole("heading", { level: 1, name: "Sign in to countersign" })).toBeTruthy();
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("a pasted link opens the inbox", async () => {
    paste("https://review.test/#/sign-in/one-time-token");
    expect(await screen.findByRole("navigation", { name: "Views" })).toBeTruthy();
    expect(host.sentTo("POST /v1/session")[0]?.body).toEqual({ token: "one-time-token" });
  });

  test("what is no link is said before anything is sent", () => {
    paste("hello there");
    expect(host.sent).toEqual([]);
  });

  test.each([
    ["a used link", () => problem(401, "unauthenticated"), /has been used, or its time is over/],
    ["no connection", () => "no_connection" as const, /No connection to the host/],
    ["a fault of the host", () => problem(500, "internal"), /Something went wrong/],
  ])("%s has its face", async (_name, answer, words) => {
    host.on("POST /v1/session", answer);
    void signIn("one-time-token");
    expect(await screen.findByText(words, {}, { timeout: 3_000 })).toBeTruthy();
    expect(await seriousFaults(document.body)).toEqual([]);
  });
});
