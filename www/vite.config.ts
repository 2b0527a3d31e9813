import { defineConfig } from "vitest/config";

/** The development server hands these paths to a host running on its default port. */
const hostOrigin = process.env["COUNTERSIGN_HOST"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist",
    // The host's policy allows scripts and styles from files only, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": hostOrigin, "/healthz": hostOrigin, "/readyz": hostOrigin } },
  test: {
    environment: "happy-dom",
    // There is no server for the module here; in Node it is read from disk.
    alias: [{ find: /^countersign$/, replacement: new URL("../pkg/dist/node.js", import.meta.url).pathname }],
    environmentOptions: { happyDOM: { url: "http://review.test/" } },
    include: ["src/**/*.test.{ts,tsx}"],
    // Left to Node, it would bring a second copy of Preact, whose hooks are not ours.
    server: { deps: { inline: ["@testing-library/preact"], external: [/pkg\/dist\//] } },
    restoreMocks: true,
    unstubGlobals: true,
  },
});
