/**
 * Checkpoints: entries of a chain of their own, each signed by the server's signing key, that have the end of every chain
 * which has grown since the one before. The newest answers for all that is before it.
 */
import { calculateJwkThumbprint, type JWK } from "jose";
import * as v from "valibot";
import { ChainInUseError, checkpointChain, type Head, isTaken, type Removal } from "../store/audit.ts";
import type { Recording, Store } from "../store/store.ts";
import type { Signer } from "../signing/signing-key.ts";
import { type AuditEntry, hashOf, type Link, nextEntry } from "./entry.ts";

/** The server's signing key. */
export interface CheckpointSigner {
  /** The server's URL. */
  issuer: string;
  kid: string;
  jwk: JWK;
  signer: Signer;
}

const nothing: Known = { trusted: undefined, kids: new Set() };

/** Chain, number and hash of an entry. */
const LinkSchema = v.strictTuple([v.string(), v.pipe(v.number(), v.integer()), v.string()]);

const CheckpointSchema = v.strictObject({
  issuer: v.string(),
  kid: v.string(),
  x: v.string(),
  y: v.string(),
  heads: v.array(LinkSchema),
  /**
   * The last removed entry of every chain from which retention has removed any, but those that were forgotten; only in the
   * checkpoint of a removal.
   */
  removed: v.optional(v.array(LinkSchema)),
  /** The server did not know the checkpoint before it as its own. */
  doubt: v.optional(v.string()),
});

export interface CheckpointOptions {
  /** Also if no chain has grown. */
  force?: boolean;
  /** Made in the same transaction. */
  removals?: readonly Removal[];
  /** Chains without an entry of which nothing is said any more; only with removals. */
  forgotten?: readonly string[];
  /** The newest checkpoint when the removals were chosen: if there is another since, nothing is removed. */
  last?: AuditEntry | undefined;
  known?: Known;
  /** Is given the checkpoint when it is on the disk, and the chains that have grown since the one before. */
  made?: ((entry: AuditEntry, grown: readonly Head[]) => Promise<void>) | undefined;
}

/** What a process remembers of the log. */
export interface Known {
  /** The newest checkpoint that it knows to be the server's own. */
  trusted: Link | undefined;
  /** The server's signing keys that it has seen: one may have left the JWKS in an emergency. */
  kids: ReadonlySet<string>;
}

export interface Checkpoint {
  issuer: string;
  kid: string;
  heads: Removal[];
  removed: Removal[] | undefined;
  doubt: string | undefined;
}

/**
 * Makes a checkpoint if any chain has grown since the last one. Returns it; undefined if there is nothing to sign, another
 * replica was first, or a chain that was to be forgotten is written to again. Throws SigningUnavailableError, the
 * database's errors, SyncFailedError.
 */
export async function makeCheckpoint(
  store: Store,
  { issuer, kid, jwk, signer }: CheckpointSigner,
  { force = false, removals = [], forgotten = [], last: given, known = nothing, made }: CheckpointOptions = {},
): Promise<AuditEntry | undefined> {
  // Read first: if another replica makes one meanwhile, either its number is taken, or no chain has grown any more.
  const last = given ?? (await newestCheckpoint(store));
  // Beyond its end no chain is sealed, whatever the database says.
  const grown = (await store.audit.heads()).filter(({ number, sealed }) => number !== sealed);
  if (grown.length === 0 && removals.length === 0 && !force) return undefined;
  const doubt = await doubtOf(store, last, issuer, known);
  const signed = removals.length === 0 ? [] : await lastRemoved(store);
  const removed = new Map([...signed, ...removals].map((each) => [each.chain, each]));
  for (const chain of forgotten) removed.delete(chain);
  const detail = {
    issuer,
    kid,
    x: jwk.x!,
    y: jwk.y!,
    heads: grown.map(toTuple),
    ...(removals.length === 0 ? {} : { removed: [...removed.values()].map(toTuple) }),
    ...(doubt === undefined ? {} : { doubt }),
  };
  const entry = nextEntry(checkpointChain, last, { event: "checkpoint", detail }, { time: store.now(), by: "server" });
  const signature = Buffer.from(await signer.sign(signedBytes(issuer, entry.hash))).toString("base64url");
  const checkpoint = { ...entry, signature };
  const write = async ({ audit }: Recording) => {
    await audit.add(checkpoint);
    for (const { chain, number } of grown) await audit.markSealed(chain, number);
    for (const removal of removals) await audit.remove(removal);
    for (const chain of forgotten) await audit.forget(chain);
  };
  try {
    await store.transaction(write);
    // Who keeps it elsewhere must find it here again.
    await store.settled();
  } catch (error) {
    if (isTaken(error) || error instanceof ChainInUseError) return undefined;
    throw error;
  }
  await made?.(checkpoint, grown);
  return checkpoint;
}

/** The newest checkpoint; undefined if there is none. */
export async function newestCheckpoint(store: Store): Promise<AuditEntry | undefined> {
  const [newest] = await store.audit.checkpointsBefore(Number.MAX_SAFE_INTEGER, 1);
  return newest;
}

/**
 * Why the newest checkpoint may not be the server's own; undefined if it is. A signature over it would answer for all
 * that is before it, so whoever can write to the database but has no key must not get one by writing the log anew.
 */
export async function doubtOf(
  store: Store,
  newest: AuditEntry | undefined,
  issuer: string,
  { trusted, kids }: Known,
): Promise<string | undefined> {
  if (trusted !== undefined) {
    if (newest === undefined || newest.number < trusted.number) {
      return `checkpoint ${trusted.number}, which this server knows, is gone`;
    }
    const [found] = await store.audit.ofChain(checkpointChain, trusted.number - 1, 1);
    if (found?.number === trusted.number && found.hash !== trusted.hash) {
      return `checkpoint ${trusted.number} is another than this server knows`;
    }
    if (newest.number === trusted.number) return undefined;
  }
  if (newest === undefined) return undefined;
  const parsed = parseCheckpoint(newest);
  const isWhole = parsed?.issuer === issuer && hashOf(newest) === newest.hash && (await isSigned(newest));
  if (!isWhole) return `checkpoint ${newest.number} is broken`;
  if (kids.has(parsed.kid) || (await store.signingKeys.all()).some(({ kid }) => kid === parsed.kid)) return undefined;
  return `checkpoint ${newest.number} is signed by ${parsed.kid}, which was none of the server's signing keys`;
}

/** Checkpoints that are read at once. */
const pageSize = 500;

/** What retention has removed of each chain, by the newest checkpoint that says so. */
export async function lastRemoved(store: Store): Promise<Removal[]> {
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const page = await store.audit.checkpointsBefore(before, pageSize);
    const removed = page.map(parseCheckpoint).find((each) => each?.removed !== undefined)?.removed;
    if (removed !== undefined) return removed;
    if (page.length < pageSize) return [];
    before = page.at(-1)!.number;
  }
}

function toTuple({ chain, number, hash }: Removal): [string, number, string] {
  return [chain, number, hash];
}

/** Parses what a checkpoint says; undefined for anything else. */
export function parseCheckpoint({ detail }: AuditEntry): Checkpoint | undefined {
  const parsed = v.safeParse(CheckpointSchema, detail);
  if (!parsed.success) return undefined;
  const { issuer, kid, heads, removed, doubt } = parsed.output;
  return { issuer, kid, heads: heads.map(toLink), removed: removed?.map(toLink), doubt };
}

function toLink([chain, number, hash]: [string, number, string]): Link & { chain: string } {
  return { chain, number, hash };
}

/** Whether the key that the checkpoint names has signed it; whose key that is, is not asked. */
export async function isSigned({ hash, detail, signature }: AuditEntry): Promise<boolean> {
  const parsed = v.safeParse(CheckpointSchema, detail);
  if (!parsed.success || signature === null) return false;
  const { issuer, kid, x, y } = parsed.output;
  const jwk = { kty: "EC", crv: "P-256", x, y };
  try {
    if ((await calculateJwkThumbprint(jwk)) !== kid) return false;
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    return await crypto.subtle.verify(algorithm, key, Buffer.from(signature, "base64url"), signedBytes(issuer, hash));
  } catch {
    return false;
  }
}

/**
 * What is signed. It begins with words and a line end, which no signing input of a JWS has (RFC 7515, 5.1: base64url and a
 * full stop), so no checkpoint is a token, and no token a checkpoint.
 */
function signedBytes(issuer: string, hash: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`vouch audit checkpoint\n${issuer}\n${hash}\n`);
}
