/** Random choices that a name decides: the same name, the same choices, on every machine. */

export class Random {
  #a: number;
  #b: number;
  #c = 1;

  /** @param name what the choices depend on, such as the seed, the target and the number of the run */
  constructor(name: string) {
    const hash = Bun.hash.xxHash64(name);
    this.#a = Number(hash & 0xffffffffn);
    this.#b = Number(hash >> 32n);
    for (let round = 0; round < 8; round += 1) this.#next();
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * limit);
  }

  /** An integer from `min` to `max`, small ones more often: what is near the start matters more than what is far. */
  small(min: number, max: number): number {
    return min + Math.floor((max - min + 1) * (this.#next() / 0x1_0000_0000) ** 3);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("expected something to choose from");
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Chris Doty-Humphrey's sfc32 without its fourth word: three words of state, one of them a counter. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#c) | 0;
    this.#c = (this.#c + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#b + (this.#b << 3) + sum) | 0;
    this.#b = ((this.#b << 21) | (this.#b >>> 11)) + sum;
    return sum >>> 0;
  }
}
