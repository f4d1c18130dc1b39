/** Mutations of a stream of CTAPHID reports: what a faulty, foreign or hostile device sends. */
import { BROADCAST_CHANNEL, CTAPHID, fragment } from "../../../src/fido/hid/framing.ts";
import { mutateBytes } from "./bytes.ts";
import type { Random } from "./random.ts";

const commands = [...Object.values(CTAPHID), 0x00, 0x40, 0x7f];
const lengths = [0, 1, 16, 17, 57, 58, 1023, 7609, 7610, 0x7fff, 0xffff];
const errorCodes = [0x01, 0x03, 0x04, 0x05, 0x06, 0x06, 0x0b, 0x7f, 0xff];
const MAX_FLOOD = 300;
/** Channel, command, length. */
const HEADER_BYTES = 7;

type Mutation = (random: Random, reports: Uint8Array[], channel: number) => Uint8Array[];

/** Changes a copy of one of the reports. */
function edit(random: Random, reports: Uint8Array[], change: (report: Uint8Array) => void): Uint8Array[] {
  const at = random.below(reports.length);
  return reports.map((report, index) => {
    if (index !== at || report.length < HEADER_BYTES) return report;
    const copy = report.slice();
    change(copy);
    return copy;
  });
}

const changeType: Mutation = (random, reports) =>
  edit(random, reports, (report) => {
    report.set([random.oneIn(2) ? random.below(256) : random.pick(commands) | 0x80], 4);
  });

const changeLength: Mutation = (random, reports) =>
  edit(random, reports, (report) => {
    const length = random.pick(lengths);
    report.set([length >> 8, length & 0xff], 5);
  });

const changeChannel: Mutation = (random, reports) =>
  edit(random, reports, (report) => {
    report.set(random.oneIn(3) ? [0xff, 0xff, 0xff, 0xff] : random.bytes(4));
  });

const changeBytes: Mutation = (random, reports) => {
  const at = random.below(reports.length);
  return reports.map((report, index) => (index === at ? mutateBytes(random, report, reports) : report));
};

const swap: Mutation = (random, reports) => {
  const copy = [...reports];
  const [one, other] = [random.below(copy.length), random.below(copy.length)];
  [copy[one], copy[other]] = [copy[other] as Uint8Array, copy[one] as Uint8Array];
  return copy;
};

const drop: Mutation = (random, reports) => reports.toSpliced(random.below(reports.length), 1);

const repeat: Mutation = (random, reports) => {
  const at = random.below(reports.length);
  const times = random.small(1, 8);
  return reports.toSpliced(at, 0, ...Array.from({ length: times }, () => reports[at] as Uint8Array));
};

/** Whole messages that break in: errors, keepalives by the hundred, another program's INIT, commands of any kind. */
const intrude: Mutation = (random, reports, channel) => {
  const to = random.oneIn(4) ? random.pick([0, channel + 1, BROADCAST_CHANNEL]) : channel;
  const message = (command: number, payload: Uint8Array) => fragment(to, command, payload);
  const flood = random.oneIn(10) ? MAX_FLOOD : random.small(1, 4);
  const intruders = random.pick([
    () => message(CTAPHID.ERROR, Uint8Array.of(random.pick(errorCodes))),
    () => message(CTAPHID.ERROR, new Uint8Array(0)),
    () => Array.from({ length: flood }, () => message(CTAPHID.KEEPALIVE, Uint8Array.of(random.below(4)))).flat(),
    () => fragment(BROADCAST_CHANNEL, CTAPHID.INIT, random.bytes(17)),
    () => message(random.pick(commands) & 0x7f, random.bytes(random.small(0, 200))),
    () => message(CTAPHID.CBOR, random.bytes(random.small(0, 200))),
  ])();
  return reports.toSpliced(random.below(reports.length + 1), 0, ...intruders);
};

const mutations: readonly Mutation[] = [
  changeType,
  changeLength,
  changeChannel,
  changeBytes,
  changeBytes,
  swap,
  drop,
  repeat,
  intrude,
  intrude,
];

/** @param channel the channel that the reports are on */
export function mutatePackets(random: Random, reports: Uint8Array[], channel: number): Uint8Array[] {
  return (reports.length === 0 ? intrude : random.pick(mutations))(random, reports, channel);
}
