/** What every environment's entry gives, besides its `Engine`. */
export { Edge, type EdgeOptions, type Handled, type HandleOptions, type Kept, type KeptCase, type Refusal, type Waiting } from "./edge.js";
export type { Bound, ClassifyOptions, Decided, EvaluateOptions, Frozen, LoadedPolicy, LoadOptions } from "./engine.js";
export { CountersignError, type CountersignCode, type CountersignErrorDetails } from "./error.js";
export { PolicyTrust, type TrustOptions } from "./trust.js";
export type * from "./records.js";
export type * from "./wire.js";
