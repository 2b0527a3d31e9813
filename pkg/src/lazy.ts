/**
 * Records of which the cheap fields are there at once, and everything else is made when somebody looks.
 *
 * Such a record behaves as the plain object that it stands for: it is that object once something other than a cheap
 * field is read, listed, spread, compared, written or serialized. Only `structuredClone`, and what builds on it,
 * refuses it, as it refuses every proxy: give it `{ ...record }`.
 */
export interface Parts {
  /** The names of the fields. */
  readonly fields: ReadonlySet<string>;
  /** The field's value, if it is there already; `undefined` where it has to be made. */
  cheap(field: string): unknown;
  /** The whole record. */
  full(): object;
  /** An array or object of the field that somebody may have changed; plain data by now. */
  handedOut?(field: string): unknown;
  /** Called once, when the record has become a plain object. */
  filled?(): void;
}

/** What stands behind the proxy until the record is made, and is the record afterwards. */
class Held {
  #parts: Parts | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  static partsOf(target: object): Parts | undefined {
    return (target as Held).#parts;
  }

  /** Makes the plain object of it. Where that throws, nothing has changed. */
  static fill(target: object): void {
    const parts = (target as Held).#parts;
    if (parts === undefined) return;
    const full = parts.full() as Record<string, unknown>;
    (target as Held).#parts = undefined;
    Object.setPrototypeOf(target, Object.prototype);
    for (const field of Object.keys(full)) {
      (target as unknown as Record<string, unknown>)[field] = parts.handedOut?.(field) ?? full[field];
    }
    parts.filled?.();
  }

  /** Consoles look behind a proxy, and ask here, in its name. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return { ...this };
  }
}

const handler: ProxyHandler<object> = {
  get(target, key, receiver) {
    const parts = Held.partsOf(target);
    if (parts !== undefined) {
      const value = typeof key === "string" ? parts.cheap(key) : undefined;
      if (value !== undefined) return value;
      // What is no field (`then`, `toJSON`, `constructor`) is no reason to make the record.
      if (typeof key !== "string" || !parts.fields.has(key)) return Reflect.get(Object.prototype, key, receiver);
      Held.fill(target);
    }
    return (target as Record<PropertyKey, unknown>)[key];
  },
  getPrototypeOf(target) {
    Held.fill(target);
    return Reflect.getPrototypeOf(target);
  },
  setPrototypeOf(target, prototype) {
    Held.fill(target);
    return Reflect.setPrototypeOf(target, prototype);
  },
  set(target, key, value) {
    Held.fill(target);
    return Reflect.set(target, key, value);
  },
  has(target, key) {
    Held.fill(target);
    return Reflect.has(target, key);
  },
  ownKeys(target) {
    Held.fill(target);
    return Reflect.ownKeys(target);
  },
  getOwnPropertyDescriptor(target, key) {
    Held.fill(target);
    return Reflect.getOwnPropertyDescriptor(target, key);
  },
  defineProperty(target, key, descriptor) {
    Held.fill(target);
    return Reflect.defineProperty(target, key, descriptor);
  },
  deleteProperty(target, key) {
    Held.fill(target);
    return Reflect.deleteProperty(target, key);
  },
  preventExtensions(target) {
    Held.fill(target);
    return Reflect.preventExtensions(target);
  },
};

/** The record of these parts. */
export function lazy(parts: Parts): object {
  return new Proxy(new Held(parts), handler);
}

/** A part of a record that is made with the whole: the fields that are known, and how to get the rest. */
export class Part implements Parts {
  readonly fields: ReadonlySet<string>;
  readonly #known: Readonly<Record<string, unknown>>;
  readonly #whole: () => object;

  constructor(fields: ReadonlySet<string>, known: Readonly<Record<string, unknown>>, whole: () => object) {
    this.fields = fields;
    this.#known = known;
    this.#whole = whole;
  }

  cheap(field: string): unknown {
    return Object.hasOwn(this.#known, field) ? this.#known[field] : undefined;
  }

  full(): object {
    return this.#whole();
  }
}
