/**
 * Messages between NuGet and a plugin, protocol version 2.0.0: one JSON object per line, in either direction.
 * https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins#protocol-messages-index
 */
import { VouchError } from "../../base/errors.ts";
import { parseJson, tableOf } from "../../base/json.ts";

const types = ["Cancel", "Fault", "Progress", "Request", "Response"] as const;
export type MessageType = (typeof types)[number];

export interface Message {
  requestId: string;
  type: MessageType;
  method: string;
  payload: Record<string, unknown>;
}

export const protocolVersion = "2.0.0";
/** Version 1 differs in the fields of GetOperationClaims only. */
export const minimumProtocolVersion = "1.0.0";

/** Reads a line. Throws `protocol_error` for what is no message. */
export function readMessage(line: string): Message {
  const { RequestId: requestId, Type: type, Method: method, Payload: payload } = tableOf(parseJson(line));
  if (typeof requestId !== "string" || requestId === "" || typeof method !== "string" || !isType(type)) {
    throw new VouchError("protocol_error", "Expected a message of NuGet's plugin protocol as one line of JSON.");
  }
  return { requestId, type, method, payload: tableOf(payload) };
}

function isType(type: unknown): type is MessageType {
  return (types as readonly unknown[]).includes(type);
}

/** Writes a message as a line without its line end. */
export function writeMessage({ requestId, type, method, payload }: Message): string {
  return JSON.stringify({ RequestId: requestId, Type: type, Method: method, Payload: payload });
}

/**
 * The version that both sides speak: the older of the newest ones, unless either side has left it behind. Undefined if
 * there is none.
 */
export function negotiate(offer: Record<string, unknown>): string | undefined {
  const [newest, oldest] = [versionOf(offer["ProtocolVersion"]), versionOf(offer["MinimumProtocolVersion"])];
  if (newest === undefined || oldest === undefined || compare(oldest, newest) > 0) return undefined;
  const [own, ownOldest] = [versionOf(protocolVersion)!, versionOf(minimumProtocolVersion)!];
  if (compare(newest, ownOldest) < 0 || compare(own, oldest) < 0) return undefined;
  return (compare(newest, own) < 0 ? newest : own).join(".");
}

function versionOf(value: unknown): number[] | undefined {
  const match = typeof value === "string" ? /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(value) : null;
  return match?.slice(1).map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
