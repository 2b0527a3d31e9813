/** The common decision case of the comparison with other libraries: our policy gives the common answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyOf, noPeers, OURS } from "../benches/peers/peers.mjs";
import { BINARY, skip } from "./host.mjs";

test("our policy decides the comparison's 257 requests as hand-written code does", { skip: noPeers || skip }, () => {
  const copy = copyOf(BINARY);
  try {
    const printed = copy.run(process.execPath, ["bench/check.mjs", "plain-js", OURS]);
    assert.equal(printed.match(/ ok 257\/257$/gm)?.length, 2, printed);
  } finally {
    copy.remove();
  }
});
