/** Keys that break the protocol, over /dev/hidraw*: an error in time, and a key that the next program finds idle. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Fault } from "../../authenticator/hid/faults.ts";
import { executable, type Laptop, person as owner } from "../../laptop.ts";
import { type DeskKey, enroll, givePin, keyInfo, nobody, plugIn, startDesk, type } from "./desk.ts";

const ERR_OTHER = 0x7f;
/** A silent key may serve another program; then that is said first. */
const takeItOut = /^hint: .*[Tt]ake the security key out/m;

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startDesk();
  await laptop.startAgent();
});

afterAll(() => laptop.stop());

describe("one key, whose answers are spoilt", () => {
  let key: DeskKey;

  beforeAll(async () => {
    key = await plugIn();
    expect(await enroll(laptop, givePin)).toMatchObject({ exitCode: 0 });
  });
  afterAll(() => key[Symbol.asyncDispose]());

  async function expectIdle(): Promise<void> {
    key.key.settings.fault = undefined;
    await keyInfo(key);
  }

  test.each<[Fault, string]>([
    ["mute", "did not answer in time"],
    ["endless keepalive", "did not answer in time"],
    ["flood", "did not answer in time"],
    ["other channel", "did not answer in time"],
    ["rest is missing", "did not answer in time"],
    ["other command", "answered with the command 1 instead of 16"],
    ["wrong sequence", "expected continuation packet 0, got 1"],
    ["packet twice", "expected continuation packet 1, got 0"],
    ["message inside", "expected continuation packet 0, got a new message (command 6)"],
    ["length too long", "expected a message of at most 7609 bytes, got 65535"],
    ["length of nothing", "sent an empty answer"],
    [ERR_OTHER, 'reported "other error"'],
  ])("%p", async (fault, message) => {
    key.key.settings.fault = { in: "CBOR", fault };
    const run = await type(laptop, ["login", "--timeout", "2"], nobody);
    expect(run).toMatchObject({ exitCode: 3, restored: true });
    expect(run.screen).toMatch(/^error: .*\n/);
    expect(run.screen).toContain(message);
    expect(run.screen.trimEnd().split("\n")).toHaveLength(2);
    expect(run.screen).toMatch(takeItOut);
    await expectIdle();
  });

  test.each<[Fault, string]>([
    ["mute", "did not answer in time"],
    ["wrong sequence", "expected continuation packet 0, got 1"],
  ])("%p, from the PIN on", async (fault, message) => {
    const run = await type(laptop, ["login", "--timeout", "2"], async (person) => {
      await person.see("PIN of your security key");
      key.key.settings.fault = { in: "CBOR", fault };
      person.type(`${owner.pin}\r`);
      await person.see(message);
    });
    expect(run).toMatchObject({ exitCode: 3, restored: true });
    await expectIdle();
  });

  test("packets of other transactions before the answer are passed over", async () => {
    key.key.settings.fault = { in: "CBOR", fault: "stray packets" };
    expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0, restored: true });
    await expectIdle();
  });
});

describe("a desk full of keys that give no channel", () => {
  const faults: [Fault, string][] = [
    ["mute", "did not answer in time"],
    ["other channel", "did not answer in time"],
    ["other nonce", "did not answer in time"],
    ["other command", "did not answer in time"],
    ["short message", "did not answer in time"],
    ["length of nothing", "did not answer in time"],
    ["rest is missing", "did not answer in time"],
    ["wrong sequence", "expected continuation packet 0, got 1"],
    ["length too long", "expected a message of at most 7609 bytes, got 65535"],
    ["reserved channel", "gave the reserved channel 0"],
    [ERR_OTHER, 'reported "other error"'],
  ];
  const broken: DeskKey[] = [];
  let honest: DeskKey;

  beforeAll(async () => {
    for (const [fault] of faults) {
      broken.push(await plugIn({ product: `Key ${fault}`, touch: "withheld", fault: { in: "INIT", fault } }));
    }
    honest = await plugIn();
  });
  afterAll(async () => {
    for (const key of [...broken, honest]) await key[Symbol.asyncDispose]();
  });

  test("`vouch doctor` says of each what is wrong with it", async () => {
    const { stdout } = await laptop.run([executable, "doctor", "--json"]);
    const { sections } = JSON.parse(stdout) as {
      sections: { findings: { check: string; status: string; found: string; remedy?: string }[] }[];
    };
    const found = sections.flatMap(({ findings }) => findings.filter(({ check }) => check === "security-key"));
    expect(found).toEqual(
      expect.arrayContaining([
        ...faults.map(([, message]) =>
          expect.objectContaining({ status: "fail", found: expect.stringContaining(message) }),
        ),
        {
          check: "security-key",
          status: "ok",
          found: "Software Security Key is plugged in and answers; its PIN is set, 8 tries are left.",
        },
      ]),
    );
    expect(found).toHaveLength(faults.length + 1);
  });

  test("`vouch enroll` uses the honest one, and leaves all idle", async () => {
    const run = await enroll(laptop, async (person) => {
      await person.see("PIN of your security key (Software Security Key)");
      person.type(`${owner.pin}\r`);
    });
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    for (const key of [...broken, honest]) {
      key.key.settings.fault = undefined;
      await keyInfo(key);
    }
  });
});
