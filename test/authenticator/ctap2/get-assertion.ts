/** authenticatorGetAssertion and authenticatorGetNextAssertion, the authenticator's side (CTAP 2.1 sections 6.2, 6.3). */
import type { CborMap, CborValue } from "../../../src/fido/codec/cbor.ts";
import { authenticatorData } from "./authenticator-data.ts";
import type { Ctap2Authenticator } from "./ctap2.ts";
import { type Credential, signWith } from "./credentials.ts";
import { HMAC_SECRET, hmacSecret } from "./hmac-secret.ts";
import { type Lie, spoiltAuthData } from "./lies.ts";
import { optional, required } from "./parameters.ts";
import { PERMISSION } from "./pin/pin-state.ts";
import { isModern } from "../settings.ts";
import { StatusError } from "./status.ts";
import type { Call } from "../touch.ts";
import { answerSelection, checkOptions, type Layout, option, verifyUser } from "./user-verification.ts";

const layout: Layout = { options: 0x05, pinUvAuthParam: 0x06, pinUvAuthProtocol: 0x07, permission: PERMISSION.GA };
/** getNextAssertion must follow within this time. */
const NEXT_LIMIT_MS = 30_000;

/** What getNextAssertion goes on with. */
export interface PendingAssertions {
  channel: number;
  credentials: Credential[];
  clientDataHash: Uint8Array;
  flags: { userPresent: boolean; userVerified: boolean };
  since: number;
  /** The outputs of the extensions for a credential. */
  extend: (credential: Credential) => CborMap;
}

export async function getAssertion(
  key: Ctap2Authenticator,
  request: CborMap,
  call: Call,
): Promise<[number, CborValue][]> {
  const rpId = required(request, 0x01, "text");
  const clientDataHash = required(request, 0x02, "bytes");
  // What is malformed is refused before anything else is looked at (section 8.2).
  const allowList = optional(request, 0x03, "list");
  const allowed = key.readDescriptors(allowList);
  const extensions = optional(request, 0x04, "map") ?? new Map<string, CborValue>();
  checkOptions(request, layout);
  await answerSelection(key, request, layout, call);
  if (clientDataHash.length !== 32) throw new StatusError("INVALID_PARAMETER");
  if (option(request, layout, "rk") !== undefined) throw new StatusError("UNSUPPORTED_OPTION");
  const up = option(request, layout, "up") ?? true;
  if (isModern(key.settings) && extensions.has(HMAC_SECRET) && !up) throw new StatusError("UNSUPPORTED_OPTION");
  const verified = await verifyUser(key, request, layout, { rpId, clientDataHash }, call);

  const listed = allowList !== undefined && allowList.length > 0;
  const found = listed ? key.credentials.listed(rpId, allowed) : key.credentials.discoverable(rpId);
  const unprotected = listed ? 2 : 1;
  const visible = found.filter(({ credProtect }) => verified.userVerified || credProtect <= unprotected);
  const applicable = listed ? visible.slice(0, 1) : visible;
  const [first, ...others] = applicable;
  if (first === undefined) {
    // Older keys tell nobody what they do not hold before they are touched.
    if (up && !isModern(key.settings)) await key.touch.wait(call);
    throw new StatusError("NO_CREDENTIALS");
  }
  if (up && !verified.userPresent) await key.touch.wait(call);
  if (up) key.pin.consumeToken();

  const flags = { userPresent: up, userVerified: verified.userVerified };
  const named = verified.userVerified && others.length > 0;
  const extend = (credential: Credential): CborMap => {
    const output = isModern(key.settings) ? hmacSecret(key, extensions, credential, flags) : undefined;
    return new Map(output === undefined ? [] : [[HMAC_SECRET, output]]);
  };
  const answer = assertion(first, clientDataHash, flags, named, extend, key.settings.lie);
  if (others.length > 0 && key.settings.display && up) answer.push([0x06, true]);
  else if (others.length > 0) {
    const since = performance.now();
    key.pending = { channel: call.channel, credentials: others, clientDataHash, flags, since, extend };
    answer.push([0x05, applicable.length]);
  }
  return answer;
}

export function getNextAssertion(key: Ctap2Authenticator, call: Call): [number, CborValue][] {
  const { pending } = key;
  const next = pending?.credentials.shift();
  if (pending === undefined || next === undefined || pending.channel !== call.channel) {
    throw new StatusError("NOT_ALLOWED");
  }
  if (performance.now() - pending.since > NEXT_LIMIT_MS) throw new StatusError("NOT_ALLOWED");
  pending.since = performance.now();
  return assertion(next, pending.clientDataHash, pending.flags, pending.flags.userVerified, pending.extend);
}

function assertion(
  credential: Credential,
  clientDataHash: Uint8Array,
  flags: { userPresent: boolean; userVerified: boolean },
  named: boolean,
  extend: PendingAssertions["extend"],
  lie?: Lie,
): [number, CborValue][] {
  credential.signCount += 1;
  const authData = spoiltAuthData(lie, authenticatorData(credential, flags, undefined, extend(credential)));
  const answer: [number, CborValue][] = [
    [
      0x01,
      new Map<string, CborValue>([
        ["id", credential.id],
        ["type", "public-key"],
      ]),
    ],
    [0x02, authData],
    [0x03, signWith(credential, authData, clientDataHash)],
  ];
  if (credential.discoverable) {
    const { id, name, displayName } = credential.user;
    const user = new Map<string, CborValue>([["id", id]]);
    if (named && name !== undefined) user.set("name", name);
    if (named && displayName !== undefined) user.set("displayName", displayName);
    answer.push([0x04, user]);
  }
  return answer;
}
