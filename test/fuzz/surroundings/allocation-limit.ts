/**
 * A limit on what the code under test may ask for: a length that a peer names must not become memory. It stands in
 * front of the constructors, because the system gives zeroed pages that nobody writes to for free, so that the process
 * would not be seen to grow.
 */
import { Violation } from "./violation.ts";

/** The largest block for one input in bytes: many times the longest message (7609) and the largest CBOR (65,536). */
const MAX_BLOCK_BYTES = 1 << 18;
/** All blocks for one input. */
const MAX_TOTAL_BYTES = 1 << 26;

const real = {
  Uint8Array,
  ArrayBuffer,
  Array,
  alloc: Buffer.alloc.bind(Buffer),
  allocUnsafe: Buffer.allocUnsafe.bind(Buffer),
};

export class AllocationLimit implements Disposable {
  /** The largest block since {@link reset}, in bytes. */
  largest = 0;
  #total = 0;

  /** Watches the constructors until it is disposed of. */
  constructor() {
    Object.assign(globalThis, {
      Uint8Array: this.#watched(real.Uint8Array, 1),
      ArrayBuffer: this.#watched(real.ArrayBuffer, 1),
      Array: this.#watched(real.Array, 8),
    });
    Buffer.alloc = (size, ...rest) => {
      this.#take(size);
      return real.alloc(size, ...rest);
    };
    Buffer.allocUnsafe = (size) => {
      this.#take(size);
      return real.allocUnsafe(size);
    };
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { Uint8Array: real.Uint8Array, ArrayBuffer: real.ArrayBuffer, Array: real.Array });
    Buffer.alloc = real.alloc;
    Buffer.allocUnsafe = real.allocUnsafe;
  }

  /** Begins with a new input. */
  reset(): void {
    this.largest = 0;
    this.#total = 0;
  }

  /** @param unit bytes that one element takes */
  #watched<T extends new (...args: never[]) => object>(constructor: T, unit: number): T {
    const take = (args: unknown[]) => {
      if (args.length === 1 && typeof args[0] === "number") this.#take(args[0] * unit);
    };
    return new Proxy(constructor, {
      construct: (target, args, newTarget) => {
        take(args);
        return Reflect.construct(target, args, newTarget as T);
      },
      // `Array(n)` makes what `new Array(n)` makes.
      apply: (target, receiver, args) => {
        take(args);
        return Reflect.apply(target as unknown as () => object, receiver, args);
      },
    });
  }

  #take(bytes: number): void {
    if (bytes > MAX_BLOCK_BYTES) throw new Violation(`it asked for a block of ${bytes} bytes`);
    this.#total += bytes;
    if (this.#total > MAX_TOTAL_BYTES) throw new Violation(`it asked for more than ${MAX_TOTAL_BYTES} bytes in all`);
    this.largest = Math.max(this.largest, bytes);
  }
}
