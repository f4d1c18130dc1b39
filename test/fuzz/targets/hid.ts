/** CTAPHID: reports into messages, and whole transactions with a device that sends whatever it likes. */
import { openChannel } from "../../../src/fido/hid/channel.ts";
import { maxMessageBytes, Reassembler } from "../../../src/fido/hid/framing.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { corpus } from "../corpus.ts";
import type { Target } from "../target.ts";
import { Violation } from "../surroundings/violation.ts";
import { type VirtualTime, within } from "../surroundings/virtual-time.ts";
import { channelOf, info, mutatedReports, readScript, type Script, scriptInput } from "./packet-script.ts";

/** How many answers of a recorded ceremony are played. */
const MAX_EXCHANGES = 3;

const ALLOCATION_LIMIT_MS = 3_000;
/** What a cancel (1 second) and two writes that are stuck (6 seconds each) add to the limit of a transaction. */
const GRACE_MS = 13_000;

export const reassembler: Target = {
  name: "reassembler",
  reads: "the reports of a key into messages (src/fido/hid/framing.ts)",
  share: 170,
  input(random) {
    const { exchanges } = random.pick(corpus);
    const reports = random.pick(exchanges).reports;
    return mutatedReports(random, reports, channelOf(reports));
  },
  run(input) {
    const reports = new Reassembler(channelOf(input));
    const messages = input.map((report) => reports.push(report)).filter((message) => message !== undefined);
    for (const { payload } of messages) {
      if (payload.length > maxMessageBytes) throw new Violation(`a message of ${payload.length} bytes`);
    }
    // One report may announce the longest message there is; each further one must have brought its part.
    expectBounded(
      messages,
      input.reduce((sum, report) => sum + report.length, maxMessageBytes),
    );
    return messages;
  },
};

export const channel: Target = {
  name: "channel",
  reads: "whole transactions: allocation, keepalives, errors, cancel (src/fido/hid/channel.ts, inbox.ts)",
  share: 110,
  input: (random) => scriptInput(random, MAX_EXCHANGES),
  run: (input, time) => time.until(transactions(readScript(input), time)),
};

async function transactions({ connection, ceremony, control }: Script, time: VirtualTime): Promise<Uint8Array[]> {
  const device = await within(time, ALLOCATION_LIMIT_MS + GRACE_MS, () => openChannel(connection, info));
  const timeoutMs = [50, 1_000, 10_000, 60_000][(control[5] ?? 0) % 4] ?? 0;
  const aborts = (control[6] ?? 0) % 4 === 0;
  const received: Uint8Array[] = [];
  try {
    for (const { request } of ceremony.exchanges.slice(0, MAX_EXCHANGES)) {
      const abort = new AbortController();
      const timer = aborts ? setTimeout(() => abort.abort(), control[7]) : undefined;
      const options = { timeoutMs, signal: abort.signal, onKeepalive: () => {} };
      received.push(await within(time, timeoutMs + GRACE_MS, () => device.exchange(request, options)));
      clearTimeout(timer);
    }
  } finally {
    await device.close();
  }
  return received;
}
