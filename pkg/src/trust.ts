/**
 * What makes an edge trust a policy: the host's signed manifest, and until when it counts.
 *
 * A hash authenticates nothing: whoever can give an edge a bundle can give it an old one. A manifest
 * that is forged, goes back in sequence, or is for another policy is refused; past its date nothing
 * is known of what is in force any more, and no draft is answered without a person.
 */
import { CountersignError } from "./error.js";
import type { Manifest, PolicyReference, RiskLevel, SignedManifest } from "./wire.js";

export interface TrustOptions {
  /** The host's public key in base 64, as `countersign policy key` prints it; not from the manifest's own way. */
  publicKey: string;
  /**
   * The highest sequence that this edge has seen, from where it was kept; 0 where it never saw any. Without
   * it an edge that starts anew can be given an old policy once.
   */
  sequence?: number | undefined;
  /** Keeps the highest sequence for the next start; the manifest counts once this is done. */
  keepSequence?: ((sequence: number) => void | Promise<void>) | undefined;
  /** Tenants whose manifests count, besides those for every one. */
  tenantId?: string | undefined;
}

const DOMAIN = "countersign/policy-manifest/v1\n";

export class PolicyTrust {
  readonly #options: TrustOptions;
  #sequence: number;
  #manifest: Manifest | undefined;
  /** Risk levels whose certificate an alarm ended; what ended stays so until the next release. */
  #void = new Set<string>();

  constructor(options: TrustOptions) {
    const { sequence = 0 } = options;
    if (!Number.isSafeInteger(sequence) || sequence < 0) {
      throw new CountersignError("invalid_field", `\`${sequence}\` is no sequence`, { path: "/sequence", help: "give what `keepSequence` was given, or 0" });
    }
    this.#options = options;
    this.#sequence = sequence;
  }

  /** The highest sequence that was ever admitted. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The manifest that counts, if there is one yet. */
  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  /**
   * Admits a manifest for the policy that was loaded: `await trust.admit(await client.policyManifest(), engine.policy)`.
   *
   * Throws `policy_rejected` where it is forged, older than one seen before, past its date, or for another
   * policy than this, such as a bundle that was altered; what counted before still counts then. Throws
   * `invalid_state` where the runtime's WebCrypto has no Ed25519: nothing can be verified there, so that
   * nothing is admitted.
   */
  async admit(signed: SignedManifest, policy: PolicyReference, now: number = Date.now()): Promise<Manifest> {
    // A copy: what is verified is what is kept, whatever the caller does meanwhile.
    const { manifest, signature, algorithm } = structuredClone(signed);
    const hash = policy.hash;
    if (algorithm !== "Ed25519") throw rejected("/algorithm", "the signature is of an unknown kind", "update this package");
    if (!(await verify(this.#options.publicKey, signature, manifest))) {
      throw rejected("/signature", "the manifest is not signed by this host", "check the public key; do not use this policy");
    }
    const tenants: unknown[] = ["*", this.#options.tenantId];
    if (manifest.version !== 1 || !tenants.includes(manifest.tenant_id)) {
      throw rejected("/manifest", "the manifest is for another tenant, or of a later form", "ask the host for one's own");
    }
    if (manifest.policy.hash !== hash) {
      throw rejected("/manifest/policy/hash", "the bundle is not the one that was released", "load the bundle from the host again");
    }
    if (manifest.sequence < this.#sequence) {
      throw rejected("/manifest/sequence", `release ${manifest.sequence} is older than ${this.#sequence}, which was seen before`, "ask the host for the newest");
    }
    const current = this.#manifest;
    if (current?.sequence === manifest.sequence && current.policy.hash !== hash) {
      throw rejected("/manifest/sequence", "two policies have this sequence", "report it: the host's key signs for somebody else");
    }
    if (!(now < Date.parse(manifest.valid_until))) {
      throw rejected("/manifest/valid_until", "the manifest is past its date", "ask the host for a new one");
    }
    if (manifest.sequence > this.#sequence) {
      this.#void.clear();
      this.#sequence = manifest.sequence;
      await this.#options.keepSequence?.(manifest.sequence);
    }
    // Another call may have admitted a later one, or one that counts for longer, meanwhile.
    const latest = this.#manifest;
    const isLater = latest === undefined || manifest.sequence > latest.sequence || (manifest.sequence === latest.sequence && manifest.valid_until > latest.valid_until);
    if (isLater && manifest.sequence === this.#sequence) this.#manifest = manifest;
    if (manifest.sequence === this.#sequence) for (const level of manifest.certificates_void ?? []) this.#void.add(level);
    return manifest;
  }

  /**
   * Why a policy may not be relied on at this instant, for an answer at a risk level that took a certificate;
   * `null` where it may.
   */
  doubt(policy: PolicyReference, now: number, certified?: RiskLevel): string | null {
    const manifest = this.#manifest;
    if (manifest === undefined) return "no signed release of the policy was seen yet";
    if (manifest.policy.hash !== policy.hash) return "the policy is not the one that was released last";
    if (!(now < Date.parse(manifest.valid_until))) return `the release of the policy counted until ${manifest.valid_until}`;
    if (certified !== undefined && this.#void.has(certified)) return "an alarm over wrong answers ended the certificate";
    return null;
  }
}

async function verify(publicKey: string, signature: string, manifest: Manifest): Promise<boolean> {
  const bytes = decode(signature, "/signature");
  const raw = decode(publicKey, "/publicKey");
  let key;
  try {
    key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (cause) {
    if (raw.length === 32) {
      throw new CountersignError("invalid_state", "this runtime cannot verify Ed25519 signatures", {
        help: "use a runtime whose WebCrypto has Ed25519, on a page served by TLS; until then send drafts to a person",
        cause,
      });
    }
    throw new CountersignError("invalid_field", "the public key has not 32 bytes", { path: "/publicKey", help: "give what `countersign policy key` prints", cause });
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, bytes, new TextEncoder().encode(DOMAIN + canonical(manifest)));
}

/** The canonical form of a record whose keys are ASCII and whose numbers are whole, as a manifest's are. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}

function decode(text: string, path: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new CountersignError("invalid_field", "this is not base 64", { path, help: "give it as the host printed it", cause });
  }
}

function rejected(path: string, detail: string, help: string): CountersignError {
  return new CountersignError("policy_rejected", detail, { path, help });
}
