/** authenticatorCredentialManagement, the authenticator's side (CTAP 2.1 section 6.8). */
import { createHash } from "node:crypto";
import { type CborMap, type CborValue, encodeCbor } from "../../../../src/fido/codec/cbor.ts";
import { authorize, MANAGEMENT } from "../pin/authorization.ts";
import type { Credential } from "../credentials.ts";
import type { Ctap2Authenticator } from "../ctap2.ts";
import { spoiltEnumeration } from "./lies.ts";
import { optional, required } from "../parameters.ts";
import { PERMISSION } from "../pin/pin-state.ts";
import { StatusError } from "../status.ts";

type Answer = [number, CborValue][];

const SUBCOMMAND = {
  GET_CREDS_METADATA: 0x01,
  ENUMERATE_RPS_BEGIN: 0x02,
  ENUMERATE_RPS_NEXT: 0x03,
  ENUMERATE_CREDENTIALS_BEGIN: 0x04,
  ENUMERATE_CREDENTIALS_NEXT: 0x05,
  DELETE_CREDENTIAL: 0x06,
  UPDATE_USER_INFORMATION: 0x07,
} as const;
const known = new Set<number>(Object.values(SUBCOMMAND));
const goesOn = new Set<number>([SUBCOMMAND.ENUMERATE_RPS_NEXT, SUBCOMMAND.ENUMERATE_CREDENTIALS_NEXT]);
const PARAMS = { rpIDHash: 0x01, credentialID: 0x02, user: 0x03 } as const;

/** What the sub-commands that give the next one go on with: only on the same channel, and right after the last one. */
export interface PendingEnumeration {
  channel: number;
  subCommand: number;
  answers: Answer[];
}

export function credentialManagement(key: Ctap2Authenticator, request: CborMap, channel: number): Answer {
  const subCommand = required(request, MANAGEMENT.subCommand, "integer");
  const params = optional(request, MANAGEMENT.subCommandParams, "map") ?? new Map();
  // The first step of every sub-command but those that go on with a list.
  if (!goesOn.has(subCommand) && known.has(subCommand) && !request.has(MANAGEMENT.pinUvAuthParam)) {
    throw new StatusError("PUAT_REQUIRED");
  }
  const pending = key.enumeration;
  key.enumeration = undefined;
  const authorized = (given: boolean) =>
    authorize(key, request, PERMISSION.CM, Uint8Array.of(subCommand, ...(given ? encodeCbor(params) : [])));
  switch (subCommand) {
    case SUBCOMMAND.GET_CREDS_METADATA: {
      if (authorized(false).rpId !== undefined) throw new StatusError("PIN_AUTH_INVALID");
      return [
        [0x01, key.credentials.allDiscoverable().length],
        [0x02, key.credentials.remaining],
      ];
    }
    case SUBCOMMAND.ENUMERATE_RPS_BEGIN: {
      if (authorized(false).rpId !== undefined) throw new StatusError("PIN_AUTH_INVALID");
      const rpIds = [...new Set(key.credentials.allDiscoverable().map(({ rpId }) => rpId))];
      return begin(key, channel, SUBCOMMAND.ENUMERATE_RPS_NEXT, rpIds.map(rpAnswer), [0x05, rpIds.length]);
    }
    case SUBCOMMAND.ENUMERATE_CREDENTIALS_BEGIN: {
      const hash = required(params, PARAMS.rpIDHash, "bytes");
      const { rpId } = authorized(true);
      if (rpId !== undefined && !rpIdHash(rpId).equals(hash)) throw new StatusError("PIN_AUTH_INVALID");
      const found = key.credentials.allDiscoverable().filter((one) => rpIdHash(one.rpId).equals(hash));
      const { lie } = key.settings;
      const honest = { answers: found.map(credentialAnswer), total: found.length };
      const { answers, total } = spoiltEnumeration(lie?.in === "enumeration" ? lie.lie : undefined, honest);
      return begin(key, channel, SUBCOMMAND.ENUMERATE_CREDENTIALS_NEXT, answers, [0x09, total]);
    }
    case SUBCOMMAND.ENUMERATE_RPS_NEXT:
    case SUBCOMMAND.ENUMERATE_CREDENTIALS_NEXT: {
      const next =
        pending?.channel === channel && pending.subCommand === subCommand ? pending.answers.shift() : undefined;
      if (next === undefined) throw new StatusError("NOT_ALLOWED");
      key.enumeration = pending;
      return next;
    }
    case SUBCOMMAND.DELETE_CREDENTIAL: {
      key.credentials.delete(named(key, params, authorized));
      return [];
    }
    case SUBCOMMAND.UPDATE_USER_INFORMATION: {
      const user = required(params, PARAMS.user, "map");
      const id = required(user, "id", "bytes");
      const credential = named(key, params, authorized);
      if (!Buffer.from(credential.user.id).equals(id)) throw new StatusError("INVALID_PARAMETER");
      credential.user = {
        id,
        name: optional(user, "name", "text"),
        displayName: optional(user, "displayName", "text"),
      };
      return [];
    }
    default:
      throw new StatusError("INVALID_SUBCOMMAND");
  }
}

/** The credential that the request names, which the token must be for. */
function named(
  key: Ctap2Authenticator,
  params: CborMap,
  authorized: (given: boolean) => { rpId: string | undefined },
): Credential {
  const id = required(required(params, PARAMS.credentialID, "map"), "id", "bytes");
  const { rpId } = authorized(true);
  const credential = key.credentials.allDiscoverable().find((one) => Buffer.from(one.id).equals(id));
  if (credential === undefined) throw new StatusError("NO_CREDENTIALS");
  if (rpId !== undefined && rpId !== credential.rpId) throw new StatusError("PIN_AUTH_INVALID");
  return credential;
}

/** The first of several answers, with their number; the others are asked for one after the other. */
function begin(
  key: Ctap2Authenticator,
  channel: number,
  subCommand: number,
  answers: Answer[],
  [member, total]: [number, CborValue],
): Answer {
  const first = answers.shift();
  if (first === undefined) throw new StatusError("NO_CREDENTIALS");
  key.enumeration = { channel, subCommand, answers };
  return total === undefined ? first : [...first, [member, total]];
}

function rpAnswer(rpId: string): Answer {
  return [
    [0x03, new Map([["id", rpId]])],
    [0x04, new Uint8Array(rpIdHash(rpId))],
  ];
}

function credentialAnswer({ id, user, publicKey, credProtect }: Credential): Answer {
  const given = Object.entries(user).filter(([, value]) => value !== undefined) as [string, CborValue][];
  return [
    [0x06, new Map(given)],
    [
      0x07,
      new Map<string, CborValue>([
        ["id", id],
        ["type", "public-key"],
      ]),
    ],
    [0x08, publicKey],
    [0x0a, credProtect],
  ];
}

function rpIdHash(rpId: string): Buffer {
  return createHash("sha256").update(rpId).digest();
}
