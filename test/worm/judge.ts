/** What a worm got, judged from outside: by the registries, the Vouch server, and the tokens in what it reported. */
import type { Laptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";
import { attempts, type Way, wayOf } from "./attempts.ts";
import { type Asks, countMissing, parseLog } from "./record.ts";
import type { Report } from "./reports.ts";

/** The best that an attempt got: `none`, a live token of the role that reads or publishes, credentials of a role. */
export const spoils = ["none", "credentials", "read token", "publish token"] as const;
export type Spoil = (typeof spoils)[number];

export interface Result {
  worm: string;
  publishes: number;
  keysAdded: number;
  /** By attempt; one that was not made is missing. */
  got: Map<string, Spoil>;
  /** Attempts that were not made, and why. */
  notMade: Map<string, string>;
  /** Asks of the agent that are missing in `vouch log`. */
  unlogged: number;
}

export function judge(
  laptop: Laptop,
  worm: string,
  reports: readonly Report[],
  outside: { publishes: number; keysAdded: number },
): Result {
  const got = new Map<string, Spoil>();
  const notMade = new Map(attempts.map(({ name }) => [name, "no report"]));
  for (const { attempt, state, got: text } of reports) {
    if (wayOf(attempt) === undefined) continue;
    if (state !== "made") {
      notMade.set(attempt, `${state}: ${text}`);
      continue;
    }
    notMade.delete(attempt);
    got.set(attempt, better(spoilIn(laptop, text), got.get(attempt) ?? "none"));
  }
  return { worm, ...outside, got, notMade, unlogged: countUnlogged(reports) };
}

/** What its asks gave must still be there after the flood of refusals. Throws if the worm did not report them. */
function countUnlogged(reports: readonly Report[]): number {
  const reported = (name: string) => reports.find(({ attempt }) => attempt === name)!.got;
  const asks = JSON.parse(reported("asks")) as Asks;
  return (
    countMissing(parseLog(reported("log")), asks, "all") +
    countMissing(parseLog(reported("log after")), asks, "answered")
  );
}

/** Plain, and as Basic authentication and JSON in base64 have it. */
function spoilIn(laptop: Laptop, text: string): Spoil {
  const decoded = [...text.matchAll(/[A-Za-z0-9+/_-]{60,}={0,2}/g)].map(([part]) =>
    Buffer.from(part, "base64").toString("latin1"),
  );
  let found: Spoil = "none";
  for (const each of [text, ...decoded]) {
    if (/\bASIA[A-Z0-9]{12,}/.test(each)) found = better(found, "credentials");
    for (const [token] of each.matchAll(/[\w-]+\.vouch-sandbox-token[\w.-]+/g)) {
      const role = laptop.sandbox.account.verifyToken(token, names.domain)?.role.name;
      // A piece of one, or one that has ended, is one all the same.
      found = better(found, role === "vouch-publisher" ? "publish token" : "read token");
    }
  }
  return found;
}

const better = (one: Spoil, other: Spoil): Spoil => (spoils.indexOf(one) >= spoils.indexOf(other) ? one : other);

/** How many attempts of all worms got a token by one of these ways. */
export function countTokens(results: readonly Result[], ways: readonly Way[]): number {
  return results
    .flatMap(({ got }) => [...got])
    .filter(([attempt, spoil]) => spoil !== "none" && ways.includes(wayOf(attempt)!)).length;
}
