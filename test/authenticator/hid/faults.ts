/** What a broken or hostile key does to the answers of CTAPHID commands: for tests of what a client makes of them. */
import { CTAPHID, fragment } from "../../../src/fido/hid/framing.ts";

const reportFaults = {
  "other channel": (channel: number, command: number, message: Uint8Array) => fragment(channel ^ 1, command, message),
  "other command": (channel: number, _: number, message: Uint8Array) => fragment(channel, CTAPHID.PING, message),
  "wrong sequence": (channel: number, command: number) => inThree(channel, command, ([a, , c]) => [a, c]),
  "packet twice": (channel: number, command: number) => inThree(channel, command, ([a, b, c]) => [a, b, b, c]),
  "message inside": (channel: number, command: number) =>
    inThree(channel, command, ([a, b, c]) => [a, ...fragment(channel, CTAPHID.INIT, new Uint8Array(17)), b, c]),
  "length too long": (channel: number, command: number, message: Uint8Array) =>
    withLength(0xffff, fragment(channel, command, message)),
  "length of nothing": (channel: number, command: number, message: Uint8Array) =>
    withLength(0, fragment(channel, command, message)),
  "rest is missing": (channel: number, command: number, message: Uint8Array) =>
    withLength(7609, fragment(channel, command, message)),
  "other nonce": (channel: number, command: number, message: Uint8Array) =>
    fragment(
      channel,
      command,
      Uint8Array.of(...message.subarray(0, 8).map((byte) => byte ^ 1), ...message.subarray(8)),
    ),
  "reserved channel": (channel: number, command: number, message: Uint8Array) =>
    fragment(channel, command, Uint8Array.of(...message.subarray(0, 8), 0, 0, 0, 0, ...message.subarray(12))),
  "short message": (channel: number, command: number, message: Uint8Array) =>
    fragment(channel, command, message.subarray(0, 7)),
  // What an honest key may do too: left-overs of a transaction that was given up, and packets for other programs.
  "stray packets": (channel: number, command: number, message: Uint8Array) => [
    ...fragment(channel, command, new Uint8Array(100)).slice(1),
    ...fragment(channel ^ 1, command, new Uint8Array(100)),
    ...fragment(channel, command, message),
  ],
} as const;

/** The key never ends the command: only INIT on its channel brings it back. */
const stuckFaults = ["mute", "endless keepalive", "flood"] as const;

export type StuckFault = (typeof stuckFaults)[number];
export type ReportFault = keyof typeof reportFaults;
/** A number is the code of a CTAPHID_ERROR. */
export type Fault = StuckFault | ReportFault | number;

export interface FaultSetting {
  /** The command whose answer is spoilt. */
  in: "INIT" | "CBOR";
  fault: Fault;
}

export function isStuck(fault: Fault | undefined): fault is StuckFault {
  return stuckFaults.some((name) => name === fault);
}

/** The reports of a spoilt answer; none for a fault that never answers. */
export function spoiltReports(fault: Fault, channel: number, command: number, message: Uint8Array): Uint8Array[] {
  if (typeof fault === "number") return fragment(channel, CTAPHID.ERROR, Uint8Array.of(fault));
  return isStuck(fault) ? [] : reportFaults[fault](channel, command, message);
}

/** Reads `CBOR mute`, `INIT error 6`; throws a TypeError for anything else. */
export function readFault(text: string): FaultSetting {
  const [, command, name = ""] = /^(INIT|CBOR) (.+)$/.exec(text) ?? [];
  const code = /^error (\d{1,3})$/.exec(name)?.[1];
  const isKnown = code !== undefined || Object.hasOwn(reportFaults, name) || isStuck(name as Fault);
  if (command === undefined || !isKnown)
    throw new TypeError(`expected INIT or CBOR and the name of a fault, got ${text}`);
  return { in: command as FaultSetting["in"], fault: code === undefined ? (name as Fault) : Number(code) };
}

function inThree(
  channel: number,
  command: number,
  change: (reports: [Uint8Array, Uint8Array, Uint8Array]) => Uint8Array[],
): Uint8Array[] {
  return change(fragment(channel, command, new Uint8Array(150)) as [Uint8Array, Uint8Array, Uint8Array]);
}

function withLength(length: number, reports: Uint8Array[]): Uint8Array[] {
  const first = reports[0];
  if (first !== undefined) new DataView(first.buffer).setUint16(5, length);
  return reports;
}
