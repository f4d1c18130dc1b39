/** One CTAP2 command: CBOR request and response (CTAP 2.1 sections 6 and 8). */
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../codec/cbor.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { CtapError, statusName } from "./status.ts";
import { traced } from "../../base/trace.ts";

/** Command bytes (section 6). */
export const AUTHENTICATOR = {
  MAKE_CREDENTIAL: 0x01,
  GET_ASSERTION: 0x02,
  GET_INFO: 0x04,
  CLIENT_PIN: 0x06,
  RESET: 0x07,
  GET_NEXT_ASSERTION: 0x08,
  CREDENTIAL_MANAGEMENT: 0x0a,
  SELECTION: 0x0b,
  /** Prototype of keys with FIDO_2_1_PRE (section 6.13). */
  CREDENTIAL_MANAGEMENT_PREVIEW: 0x41,
} as const;

/**
 * The specification's names of the commands, and of the sub-commands of authenticatorClientPIN (section 6.5.5) and
 * authenticatorCredentialManagement (section 6.8), for the trace.
 */
const commandNames: Readonly<Record<number, string>> = {
  [AUTHENTICATOR.MAKE_CREDENTIAL]: "authenticatorMakeCredential",
  [AUTHENTICATOR.GET_ASSERTION]: "authenticatorGetAssertion",
  [AUTHENTICATOR.GET_INFO]: "authenticatorGetInfo",
  [AUTHENTICATOR.CLIENT_PIN]: "authenticatorClientPIN",
  [AUTHENTICATOR.RESET]: "authenticatorReset",
  [AUTHENTICATOR.GET_NEXT_ASSERTION]: "authenticatorGetNextAssertion",
  [AUTHENTICATOR.CREDENTIAL_MANAGEMENT]: "authenticatorCredentialManagement",
  [AUTHENTICATOR.CREDENTIAL_MANAGEMENT_PREVIEW]: "authenticatorCredentialManagement (prototype)",
  [AUTHENTICATOR.SELECTION]: "authenticatorSelection",
};
const unknown = "unknown subcommand";
const clientPinNames: Readonly<Record<number, string>> = {
  0x01: "getPINRetries",
  0x02: "getKeyAgreement",
  0x03: "setPIN",
  0x04: "changePIN",
  0x05: "getPinToken",
  0x06: "getPinUvAuthTokenUsingUvWithPermissions",
  0x07: "getUVRetries",
  0x09: "getPinUvAuthTokenUsingPinWithPermissions",
};
const credentialManagementNames: Readonly<Record<number, string>> = {
  0x04: "enumerateCredentialsBegin",
  0x05: "enumerateCredentialsGetNextCredential",
  0x06: "deleteCredential",
};

function commandName(command: number, request: CborMap | undefined): string {
  const name = commandNames[command] ?? `command 0x${command.toString(16).padStart(2, "0")}`;
  if (command === AUTHENTICATOR.CLIENT_PIN) return `${name} ${clientPinNames[Number(request?.get(0x02))] ?? unknown}`;
  const manages =
    command === AUTHENTICATOR.CREDENTIAL_MANAGEMENT || command === AUTHENTICATOR.CREDENTIAL_MANAGEMENT_PREVIEW;
  return manages ? `${name} ${credentialManagementNames[Number(request?.get(0x01))] ?? unknown}` : name;
}

/** Members that a PIN/UV auth protocol adds to a request. */
export interface PinUvAuth {
  pinUvAuthParam: Uint8Array;
  pinUvAuthProtocol: number;
}

/**
 * Sends a command and returns the response's map, empty for a response without one. Throws CtapError for any status but
 * OK, `protocol_error` for malformed CBOR.
 */
export async function sendCommand(
  device: CtapDevice,
  command: number,
  request: CborMap | undefined,
  options?: ExchangeOptions,
): Promise<CborMap> {
  const body = request === undefined ? new Uint8Array(0) : encodeCbor(request);
  const message = new Uint8Array(1 + body.length);
  message[0] = command;
  message.set(body, 1);
  const answer = await traced(
    "ctap",
    () => `${commandName(command, request)}, ${message.length} bytes`,
    () => device.exchange(message, options),
    (answered) => `${statusName(answered[0] ?? 0x7f)}, ${answered.length} bytes`,
  );
  const status = answer[0] ?? 0x7f;
  if (status !== 0) throw new CtapError(status);
  return answer.length === 1 ? new Map() : decodeCborMap(answer.subarray(1));
}

/** A CBOR map without the entries whose value is undefined: a request omits absent optional parameters. */
export function parameters(entries: readonly (readonly [number, CborValue])[]): CborMap {
  return new Map(entries.filter(([, value]) => value !== undefined));
}
