/** The same targets as `npm run fuzz`, shortly; and that the fuzzer would see what it looks for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import * as fc from "fast-check";
import { openChannel } from "../../src/fido/hid/channel.ts";
import { CTAPHID, fragment } from "../../src/fido/hid/framing.ts";
import { VouchError } from "../../src/base/errors.ts";
import { attempt } from "./attempt.ts";
import { campaign, inputOf } from "./campaign.ts";
import { canary, type Ceremony, corpus, pin } from "./corpus.ts";
import { record } from "./record.ts";
import { Surroundings } from "./surroundings/surroundings.ts";
import type { Input, Target } from "./target.ts";
import { targets } from "./targets.ts";
import { ceremony } from "./targets/ceremony.ts";
import { ReplayedConnection } from "./targets/replayed-connection.ts";

const TIMEOUT_MS = 60_000;
const progress = { at: () => {}, stopped: () => false };
const plan = { seed: 1, runs: 1, seconds: 600, first: 0 };

let around: Surroundings;
beforeAll(() => {
  around = new Surroundings();
});
afterAll(() => around[Symbol.dispose]());

describe.each(targets.map((target) => [target.name, target] as const))("the fuzz target %s", (_name, target) => {
  test(
    "reads mutated recordings or refuses them",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), async (seed, run) => {
          await attempt(target, inputOf(target, seed, run), around);
        }),
        { numRuns: 300 },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "reads arbitrary bytes or refuses them",
    async () => {
      const parts = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(parts, async (input) => {
          await attempt(target, input, around);
        }),
        { numRuns: 300 },
      );
    },
    TIMEOUT_MS,
  );

  test("is given the same inputs for the same seed, and others for another", () => {
    const inputs = (seed: number) => Array.from({ length: 20 }, (_, run) => inputOf(target, seed, run));
    expect(inputs(1)).toEqual(inputs(1));
    expect(inputs(2)).not.toEqual(inputs(1));
  });
});

describe("the recorded ceremonies", () => {
  test.each(corpus.map(({ name }, index) => [name, index] as const))(
    "are carried out without a change: %s",
    async (_, index) => {
      const { exchanges, options } = corpus[index] as Ceremony;
      const given = [Buffer.from(JSON.stringify(options)), ...exchanges.map(({ answer }) => answer)];
      expect(await attempt(ceremony, [Uint8Array.of(index, 0), ...given], around)).toBe("value");
    },
  );

  test("cover every operation that a ceremony asks for", () => {
    const commands = new Set(corpus.flatMap(({ exchanges }) => exchanges.map(({ request }) => request[0])));
    expect(commands).toEqual(new Set([0x01, 0x02, 0x04, 0x06, 0x08]));
  });

  test(
    "are those that a recording gives today",
    async () => {
      // The software key and its socket live in real time.
      around[Symbol.dispose]();
      try {
        const shape = (ceremonies: readonly { name: string; exchanges: readonly unknown[] }[]) =>
          ceremonies.map(({ name, exchanges }) => [name, exchanges.length]);
        expect(shape(await record())).toEqual(shape(corpus));
      } finally {
        around = new Surroundings();
      }
    },
    TIMEOUT_MS,
  );
});

describe("the fuzzer finds", () => {
  const input: Input = [new Uint8Array(8)];
  const faulty = (run: Target["run"]): Target => ({ name: "faulty", reads: "", share: 1, input: () => input, run });
  const broken = (message: string) => new VouchError("protocol_error", message);

  test.each<[string, Target["run"], string]>([
    [
      "another error",
      () => {
        throw new TypeError("x is not a function");
      },
      "x is not a function",
    ],
    ["another rejection", () => Promise.reject(new RangeError("out of bounds")), "out of bounds"],
    ["a wait for nothing", (_, time) => time.until(new Promise(() => {})), "waits for nothing"],
    [
      "a wait without an end",
      (_, time) => {
        const again = () => void setTimeout(again, 10);
        again();
        return time.until(new Promise(() => {}));
      },
      "was not done after",
    ],
    ["a length that becomes memory", () => new Uint8Array(0xffff_ffff), "a block of 4294967295 bytes"],
    ["a buffer of such a length", () => Buffer.alloc(0x7fff_ffff), "a block of 2147483647 bytes"],
    ["a count that becomes memory", () => [0].concat(Array(1 << 30) as number[]), "a block of"],
    [
      "memory piece by piece",
      () => {
        for (let piece = 0; piece < 1_000; piece += 1) void new Uint8Array(1 << 17);
      },
      "bytes in all",
    ],
    [
      "memory behind an error of our own",
      () => {
        try {
          return new Uint8Array(1 << 30);
        } catch (cause) {
          throw new VouchError("protocol_error", "Malformed.", { cause });
        }
      },
      "a block of 1073741824 bytes",
    ],
    [
      "the PIN in a message",
      () => {
        throw broken(`Wrong PIN: ${pin}.`);
      },
      "the PIN is in a message",
    ],
    [
      "the peer's words in a message",
      () => {
        throw broken(`Expected a map, got ${canary}.`);
      },
      "the peer's words are in a message",
    ],
    [
      "control characters in a message",
      () => {
        throw broken("Expected a map, got \u001b[2J.");
      },
      "control characters in a message",
    ],
    [
      "a message without an end",
      () => {
        throw broken("x".repeat(501));
      },
      "a message of 501 characters",
    ],
  ])("%s", async (_, run, message) => {
    const { finding, counts } = await campaign([faulty(run)], { ...plan, runs: 5 }, around, progress);
    expect(finding).toMatchObject({ target: "faulty", run: 0, input });
    expect(finding?.error).toMatchObject({ message: expect.stringContaining(message) });
    expect(counts[0]?.runs).toBe(1);
  });

  test(
    "a rejection that nobody handles",
    () => {
      const program = join(import.meta.dir, "programs/forgotten-rejection.ts");
      const { stdout } = Bun.spawnSync([process.execPath, program]);
      expect(stdout.toString()).toBe("forgetful 0: Violation: a rejection that nobody handles\n");
    },
    TIMEOUT_MS,
  );

  test("what a peer's keepalives without an end would do to a client without a limit", async () => {
    const answer = corpus[0]?.exchanges[0]?.reports[0] ?? new Uint8Array(64);
    const keepalive = fragment(new DataView(answer.buffer).getUint32(0), CTAPHID.KEEPALIVE, Uint8Array.of(1));
    const behaviour = {
      delayMs: 10,
      floods: true,
      cancel: "ignored",
      write: "taken",
      removedAfter: undefined,
    } as const;
    const connection = new ReplayedConnection([corpus[0]?.allocation ?? [], keepalive], behaviour);
    const device = { path: "", product: "Flooding Key", vendorId: 0, productId: 0 };
    around.time.reset();
    const endless = async () => (await openChannel(connection, device)).exchange(Uint8Array.of(4), { timeoutMs: 1e9 });
    const error: unknown = await around.time.until(endless()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "Violation", message: expect.stringContaining("was not done after") });
  });
});
