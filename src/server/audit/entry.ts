/** An entry of the audit log, and the hash that chains it to the one before. */
import { printable } from "../../base/words/printable.ts";
import { sha256 } from "../random.ts";
import type { AuditEvent } from "./events.ts";

export type DetailValue = string | number | boolean | null | readonly DetailValue[];

/** What belongs to one kind of event only. */
export type Detail = Readonly<Record<string, DetailValue>>;

/** Where a chain ends: the number and the hash of an entry. */
export interface Link {
  number: number;
  hash: string;
}

/** As it is exported. What does not apply is null. */
export interface AuditEntry extends Link {
  /** The replica that wrote it, and which of its chains: `HOST:PORT/0`. */
  chain: string;
  /** By the database's clock, in seconds since 1970. */
  time: number;
  /** One of `auditEvents`, or of a newer program's. */
  event: string;
  /** Whom it is about: the subject of ID tokens. */
  user: string | null;
  email: string | null;
  /** Id of the security key that it was done with, or that it is about. */
  credential: string | null;
  /** Address that the request came from. */
  address: string | null;
  /** Who did it: the server, an account of the operating system, or an administrator by their email. */
  by: string | null;
  reason: string | null;
  detail: Detail;
  /** Hash of the entry before; null in the first. */
  previous: string | null;
  /** base64url; checkpoints only. */
  signature: string | null;
}

/** Something that has happened. */
export interface Fact {
  event: AuditEvent;
  user?: { id: string; email: string } | undefined;
  credential?: string | undefined;
  /** The request's address; without it the program itself did it, or its user. */
  address?: string | undefined;
  /** Who did it by the request, if it is about somebody else: an administrator's email. */
  by?: string | undefined;
  reason?: string | undefined;
  detail?: Detail | undefined;
}

/** Length limits, in UTF-16 units. */
const maxText = 512;
const maxCredentialId = 1400;

/** Makes the entry that follows `head`, which is undefined at the beginning of a chain. */
export function nextEntry(
  chain: string,
  head: Link | undefined,
  fact: Fact,
  { time, by }: { time: number; by: string | undefined },
): AuditEntry {
  const entry = {
    chain,
    number: (head?.number ?? 0) + 1,
    time,
    event: fact.event,
    user: fact.user?.id ?? null,
    email: text(fact.user?.email),
    credential: fact.credential?.slice(0, maxCredentialId) ?? null,
    address: text(fact.address),
    by: text(fact.by ?? (fact.address === undefined ? by : undefined)),
    reason: text(fact.reason),
    detail: fact.detail ?? {},
    previous: head?.hash ?? null,
  };
  return { ...entry, hash: hashOf(entry), signature: null };
}

/**
 * Returns the hash of an entry: SHA-256 in base64url of its canonical form (RFC 8785), which has every member but `hash`
 * and `signature`.
 */
export function hashOf(entry: Omit<AuditEntry, "hash" | "signature">): string {
  const { chain, number, time, event, user, email, credential, address, by, reason, detail, previous } = entry;
  return sha256(
    canonical({ chain, number, time, event, user, email, credential, address, by, reason, detail, previous }),
  );
}

/** Says why an entry does not follow on `head`, which is undefined at the beginning of a chain; undefined if it does. */
export function linkProblem(entry: AuditEntry, head: Link | undefined): string | undefined {
  const expected = (head?.number ?? 0) + 1;
  if (entry.number > expected) return "it is missing";
  if (entry.number < 1) return "it stands before the beginning of its chain";
  if (entry.number < expected) return "it is there, though retention has removed it";
  if (hashOf(entry) !== entry.hash) return "its content is not what its hash says";
  return entry.previous === (head?.hash ?? null) ? undefined : "it does not follow on the entry before it";
}

/** JSON with sorted names and without spaces (RFC 8785); strings and numbers are as JSON.stringify has them. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

/** Clean text is the same in both databases, which keep no NUL and no lone surrogate. */
function text(value: string | undefined): string | null {
  return value === undefined ? null : printable(value).slice(0, maxText).toWellFormed();
}
