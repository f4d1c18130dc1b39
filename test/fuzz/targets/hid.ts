/** CTAPHID: reports into messages, and whole transactions with a device that sends whatever it likes. */
import { openChannel } from "../../../src/hid/channel.ts";
import { MAX_MESSAGE_BYTES, Reassembler } from "../../../src/hid/framing.ts";
import type { HidDeviceInfo } from "../../../src/hid/transport.ts";
import { expectBounded } from "../bounded.ts";
import { type Ceremony, corpus } from "../corpus.ts";
import { mutatePackets } from "../mutate-packets.ts";
import type { Random } from "../random.ts";
import type { Input, Target } from "../target.ts";
import { Violation } from "../violation.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { type Behaviour, ReplayedConnection } from "./replayed-connection.ts";

const info: HidDeviceInfo = { path: "replayed", product: "Replayed Key", vendorId: 0x1209, productId: 0xf1d0 };

/** The most mutations of one input. */
const MAX_MUTATIONS = 4;
/** How many answers of a recorded ceremony are played. */
const MAX_EXCHANGES = 3;

/** What the limits of `openChannel`, of a cancel and of a write add to those of the caller, in milliseconds. */
const ALLOCATION_LIMIT_MS = 3_000;
const CANCEL_LIMIT_MS = 1_000;
const WRITE_LIMIT_MS = 6_000;

/** So many milliseconds are at least between two reports of a flood, for else no time would pass in it. */
const MIN_FLOOD_DELAY_MS = 10;

export const reassembler: Target = {
  name: "reassembler",
  reads: "the reports of a key into messages (src/hid/framing.ts)",
  share: 200,
  input(random) {
    const { exchanges } = random.pick(corpus);
    const reports = random.pick(exchanges).reports;
    return mutated(random, reports, channelOf(reports));
  },
  run(input) {
    const reports = new Reassembler(channelOf(input));
    const messages = input.map((report) => reports.push(report)).filter((message) => message !== undefined);
    for (const { payload } of messages) {
      if (payload.length > MAX_MESSAGE_BYTES) throw new Violation(`a message of ${payload.length} bytes`);
    }
    // One report may announce the longest message there is; each further one must have brought its part.
    expectBounded(
      messages,
      input.reduce((sum, report) => sum + report.length, MAX_MESSAGE_BYTES),
    );
    return messages;
  },
};

export const channel: Target = {
  name: "channel",
  reads: "whole transactions: allocation, keepalives, errors, cancel (src/hid/channel.ts, inbox.ts)",
  share: 110,
  input(random) {
    const ceremony = random.pick(corpus);
    const answers = [ceremony.allocation, ...ceremony.exchanges.slice(0, MAX_EXCHANGES).map(({ reports }) => reports)];
    const at = random.below(answers.length);
    const number = channelOf(ceremony.exchanges[0]?.reports ?? []);
    const played = answers.map((reports, index) => (index === at ? mutated(random, reports, number) : reports));
    const control = random.bytes(8);
    control[0] = corpus.indexOf(ceremony);
    // The parts are the reports, an empty part stands between two answers.
    const between: Uint8Array[] = [new Uint8Array(0)];
    return [control, ...played.flatMap((reports, index) => (index === 0 ? reports : between.concat(reports)))];
  },
  async run([control = new Uint8Array(8), ...reports], time) {
    const answers: Uint8Array[][] = [[]];
    for (const report of reports) {
      if (report.length === 0) answers.push([]);
      else answers.at(-1)?.push(report);
    }
    const connection = new ReplayedConnection(answers, behaviourOf(control));
    const ceremony = corpus[(control[0] ?? 0) % corpus.length] as Ceremony;
    return time.until(transactions(connection, ceremony, control, time));
  },
};

async function transactions(
  connection: ReplayedConnection,
  { exchanges }: Ceremony,
  control: Uint8Array,
  time: VirtualTime,
): Promise<Uint8Array[]> {
  const device = await within(time, ALLOCATION_LIMIT_MS, () => openChannel(connection, info));
  const timeoutMs = [50, 1_000, 10_000, 60_000][(control[5] ?? 0) % 4] ?? 0;
  const aborts = (control[6] ?? 0) % 4 === 0;
  const received: Uint8Array[] = [];
  try {
    for (const { request } of exchanges.slice(0, MAX_EXCHANGES)) {
      const abort = new AbortController();
      const timer = aborts ? setTimeout(() => abort.abort(), control[7]) : undefined;
      const options = { timeoutMs, signal: abort.signal, onKeepalive: () => {} };
      received.push(await within(time, timeoutMs, () => device.exchange(request, options)));
      clearTimeout(timer);
    }
  } finally {
    await device.close();
  }
  return received;
}

/** Has the transaction end within its limit, and what a cancel and a write that is stuck may add. */
async function within<T>(time: VirtualTime, limitMs: number, transaction: () => Promise<T>): Promise<T> {
  const started = time.now;
  try {
    return await transaction();
  } finally {
    const took = time.now - started;
    const most = limitMs + CANCEL_LIMIT_MS + 2 * WRITE_LIMIT_MS;
    // oxlint-disable-next-line no-unsafe-finally -- a Violation counts for more than what the transaction threw
    if (took > most) throw new Violation(`a transaction took ${took} ms, its limits are ${most} ms`);
  }
}

function behaviourOf(control: Uint8Array): Behaviour {
  const [, delay = 0, kind = 0, write = 0, removed = 0] = control;
  const floods = kind % 64 === 1;
  return {
    delayMs: (delay % 50) + (floods ? MIN_FLOOD_DELAY_MS : 0),
    floods,
    cancel: kind % 2 === 0 ? "answered" : "ignored",
    write: write % 32 === 1 ? "refused" : write % 32 === 2 ? "stuck" : "taken",
    removedAfter: removed % 16 === 0 ? (removed >> 4) % (MAX_EXCHANGES + 1) : undefined,
  };
}

function mutated(random: Random, reports: Uint8Array[], number: number): Uint8Array[] {
  let changed = reports;
  for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) {
    changed = mutatePackets(random, changed, number);
  }
  return changed;
}

/** The channel that the first report is on. */
function channelOf([first]: Input): number {
  return first === undefined || first.length < 4 ? 1 : new DataView(first.buffer, first.byteOffset).getUint32(0);
}
