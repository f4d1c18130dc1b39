/** Input that plays a recorded ceremony at the level of reports: how the device behaves, then what it sends. */
import type { HidDeviceInfo } from "../../../src/fido/hid/transport.ts";
import { type Ceremony, corpus } from "../corpus.ts";
import { mutatePackets } from "../mutations/packets.ts";
import type { Random } from "../mutations/random.ts";
import type { Input } from "../target.ts";
import { type Behaviour, ReplayedConnection } from "./replayed-connection.ts";

export const info: HidDeviceInfo = { path: "replayed", product: "Replayed Key", vendorId: 0x1209, productId: 0xf1d0 };

/** The most mutations of one answer. */
const MAX_MUTATIONS = 4;
/** So many milliseconds are at least between two reports of a flood, for else no time would pass in it. */
const MIN_FLOOD_DELAY_MS = 10;
const CONTROL_BYTES = 8;

export interface Script {
  ceremony: Ceremony;
  connection: ReplayedConnection;
  /** Bytes that decide what the device and the host do beside. */
  control: Uint8Array;
}

/**
 * The parts are the control, then the reports; an empty part stands between two answers, the first of which is that to
 * CTAPHID_INIT.
 * @param exchanges how many further answers of the ceremony are played
 */
export function scriptInput(random: Random, exchanges: number): Input {
  const ceremony = random.pick(corpus);
  const answers = [ceremony.allocation, ...ceremony.exchanges.slice(0, exchanges).map(({ reports }) => reports)];
  const at = random.below(answers.length);
  const number = channelOf(ceremony.exchanges[0]?.reports ?? []);
  const played = answers.map((reports, index) => (index === at ? mutatedReports(random, reports, number) : reports));
  const control = random.bytes(CONTROL_BYTES);
  control[0] = corpus.indexOf(ceremony);
  const between: Uint8Array[] = [new Uint8Array(0)];
  return [control, ...played.flatMap((reports, index) => (index === 0 ? reports : between.concat(reports)))];
}

/** What an input of {@link scriptInput} says; any other bytes are some script, too. */
export function readScript([control = new Uint8Array(CONTROL_BYTES), ...reports]: Input): Script {
  const answers: Uint8Array[][] = [[]];
  for (const report of reports) {
    if (report.length === 0) answers.push([]);
    else answers.at(-1)?.push(report);
  }
  const ceremony = corpus[(control[0] ?? 0) % corpus.length] as Ceremony;
  return { ceremony, connection: new ReplayedConnection(answers, behaviourOf(control, answers.length)), control };
}

function behaviourOf(control: Uint8Array, answers: number): Behaviour {
  const [, delay = 0, kind = 0, write = 0, removed = 0] = control;
  const floods = kind % 64 === 1;
  return {
    delayMs: (delay % 50) + (floods ? MIN_FLOOD_DELAY_MS : 0),
    floods,
    cancel: kind % 2 === 0 ? "answered" : "ignored",
    write: write % 32 === 1 ? "refused" : write % 32 === 2 ? "stuck" : "taken",
    removedAfter: removed % 16 === 0 ? (removed >> 4) % answers : undefined,
  };
}

export function mutatedReports(random: Random, reports: Uint8Array[], number: number): Uint8Array[] {
  let changed = reports;
  for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) {
    changed = mutatePackets(random, changed, number);
  }
  return changed;
}

/** The channel that the first report is on. */
export function channelOf([first]: Input): number {
  return first === undefined || first.length < 4 ? 1 : new DataView(first.buffer, first.byteOffset).getUint32(0);
}
