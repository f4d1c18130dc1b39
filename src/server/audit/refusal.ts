/** Refusals in the audit log: each while they are few, then how many more, so that no flood of them fills the database. */
import type { Caller } from "../context.ts";
import type { Store } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import type { Fact } from "./entry.ts";

/** In seconds. */
const windowSeconds = 300;
/** Entries of a window about one person, and about all; and people who are counted each for themselves. */
const maxOfOne = 20;
const maxOfAll = 500;
const maxPeople = 500;

interface Count {
  /** Undefined for the people beyond `maxPeople`, and for sign-ons of nobody who is known. */
  user: User | undefined;
  /** Of the people beyond `maxPeople`. */
  isOfMany: boolean;
  recorded: number;
  more: number;
  codes: Set<string>;
  /** Of the window's begin, in seconds since 1970. */
  since: number;
}

/** What is not there, or there already. */
const slips: ReadonlySet<string> = new Set(["person_not_found", "group_not_found", "profile_not_found", "name_taken"]);
/** Form of the paths that check the administrator's right before they look for anything. */
const checkedFirst = /^\/(?:touch|admin\/(?!changes\/).+)$/;

/** Whether the failure is a slip of somebody who may do it, at the pages: nothing was refused to them. */
export function isSlip(path: string, code: string): boolean {
  return slips.has(code) && checkedFirst.test(path);
}

export class RefusalLog {
  readonly #store: Pick<Store, "now" | "transaction">;
  readonly #monotonic: () => number;
  #begun: number;
  #recorded = 0;
  #counts = new Map<string, Count>();
  /** Of windows that have ended, not recorded yet. */
  #ended: Count[] = [];

  /** `monotonic` in seconds. */
  constructor(store: Pick<Store, "now" | "transaction">, monotonic: () => number) {
    this.#store = store;
    this.#monotonic = monotonic;
    this.#begun = monotonic();
  }

  /**
   * Records or counts that something was refused, if it is known whom the request is about, or the identity provider has
   * answered it: what strangers make up is not. Throws the database's errors.
   */
  async add(
    { user, credential, address, signOn, scim }: Caller,
    { path, code, detail: reason }: { path: string; code: string; detail: string },
  ): Promise<void> {
    if (user === undefined && signOn === undefined) return;
    this.#turn(false);
    const count = this.#countOf(user);
    if (count.isOfMany || count.recorded >= maxOfOne || this.#recorded >= maxOfAll) {
      count.more++;
      count.codes.add(code);
      return;
    }
    count.recorded++;
    this.#recorded++;
    const detail = { path, code, ...(signOn && { ...signOn, email: signOn.email ?? null }) };
    const by = scim === undefined ? undefined : `scim:${scim}`;
    await this.#record({ event: "refuse", user, credential, address, by, reason, detail });
  }

  /** Records the numbers of windows that have ended; of the last one, too, if `isLast`. Throws the database's errors. */
  async flush(isLast: boolean): Promise<void> {
    this.#turn(isLast);
    for (let count = this.#ended[0]; count !== undefined; count = this.#ended[0]) {
      const { user, more, codes, since } = count;
      const reason = "more was refused than is recorded one by one";
      const detail = { refusals: more, codes: [...codes].toSorted(), since };
      await this.#record({ event: "refuse", ...(user && { user }), reason, detail });
      this.#ended.shift();
    }
  }

  async #record(fact: Fact): Promise<void> {
    await this.#store.transaction(async ({ record }) => record(fact));
  }

  #countOf(user: User | undefined): Count {
    // No user's id: sign-ons of nobody who is known share one count.
    const id = user?.id ?? "sign-on";
    const isOfMany = !this.#counts.has(id) && this.#counts.size >= maxPeople;
    const key = isOfMany ? "" : id;
    let count = this.#counts.get(key);
    if (count === undefined) {
      const about = isOfMany ? undefined : user;
      count = { user: about, isOfMany, recorded: 0, more: 0, codes: new Set(), since: this.#store.now() };
      this.#counts.set(key, count);
    }
    return count;
  }

  /** Begins the next window if this one has ended. */
  #turn(isLast: boolean): void {
    if (!isLast && this.#monotonic() - this.#begun < windowSeconds) return;
    this.#begun = this.#monotonic();
    this.#recorded = 0;
    for (const count of this.#counts.values()) {
      // While the database takes no entry nothing is recorded or refused to anybody who is known: this stays short.
      if (count.more > 0 && this.#ended.length <= maxPeople) this.#ended.push(count);
    }
    this.#counts = new Map();
  }
}
