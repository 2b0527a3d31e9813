/** Bad input over the public API in Node; `browser.test.mjs` does the same in Chromium. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as countersign from "../../pkg/dist/node.js";
import { hostile, TRAPPED } from "./hostile.mjs";

const POLICY = new URL("../../pkg/default-policy.json", import.meta.url);

test("bad input gets clear errors, never a wrong verdict, never another request's facts", async () => {
  assert.ok((await hostile(countersign, readFileSync(POLICY, "utf8"))) > 200);
});

test("after a trap in the middle nothing is decided any more", () => {
  // Poisons its process, so that it has one of its own.
  const from = (name) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { readFileSync } from "node:fs";
    import * as countersign from ${from("../../pkg/dist/node.js")};
    import { trap } from ${from("hostile.mjs")};
    console.log(await trap(countersign, readFileSync(${JSON.stringify(POLICY.pathname)}, "utf8")));
  `;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }).trim(), TRAPPED);
});
