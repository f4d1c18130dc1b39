/** The states of a key, as docs/security-keys.md shows them: the release executable, a terminal, /dev/hidraw0. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../authenticator/settings.ts";
import { type Laptop, person as owner } from "../../laptop.ts";
import type { Person } from "../../pty.ts";
import { names } from "../../sandbox/main.ts";
import {
  answering,
  type DeskKey,
  enroll,
  givePin,
  inState,
  keyInfo,
  nobody,
  plugIn,
  runClient,
  startDesk,
  type,
  until,
} from "./desk.ts";

const newPin = "correct horse";
const somebodyElse = { id: Uint8Array.of(1), name: "ops@example.com", displayName: "Operations" };

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startDesk();
  await laptop.startAgent();
});

afterAll(() => laptop.stop());

describe("the PIN", () => {
  test("is not set, and one is; other programs ask for it from then on", async () => {
    await using key = await plugIn({ pin: undefined });
    expect(await keyInfo(key)).toContain("noclientPin");
    const set = await enroll(laptop, inState("No PIN is set", { answers: ["", newPin, newPin] }));
    expect(set).toMatchObject({ exitCode: 0, restored: true });
    expect(set.screen).not.toContain(newPin);
    expect(await keyInfo(key)).toMatch(/[ ,]clientPin/);
    // The credential that Vouch made, in the hands of libfido2.
    const parameters = join(laptop.folder, "assert-param");
    writeFileSync(parameters, `${btoa("x".repeat(32))}\n${names.vouchHost}\n`);
    const assert = ["fido2-assert", "-G", "-r", "-v", "-i", parameters, key.path];
    expect(await runClient(assert, answering(["Enter PIN for", owner.pin]))).toMatchObject({ exitCode: 1 });
    expect(await runClient(assert, answering(["Enter PIN for", newPin]))).toMatchObject({ exitCode: 0 });
    const login = await type(laptop, ["login"], inState("The PIN is set", { answers: [newPin] }));
    expect(login).toMatchObject({ exitCode: 0, restored: true });
  });

  test("is not set, and none is wanted: the key stays as it is", async () => {
    await using key = await plugIn({ pin: undefined });
    const before = answering(["Set a PIN now? [Y/n]", "n"]);
    const run = await enroll(laptop, inState("No PIN is set, and none is wanted", { before }));
    expect(run).toMatchObject({ exitCode: 5, restored: true });
    expect(await keyInfo(key)).toContain("noclientPin");
  });

  test("must be changed", async () => {
    await using key = await plugIn({ forcePINChange: true });
    const answers = ["000000", newPin, newPin, owner.pin];
    const run = await enroll(laptop, inState("The key demands a new PIN", { answers }));
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(key.key.ctap2.pin.forcePINChange).toBe(false);
    expect(await type(laptop, ["login"], (person) => givePin(person, newPin))).toMatchObject({ exitCode: 0 });
  });
});

describe("an enrolled key that another program has demand a new PIN", () => {
  test.each<[string, string[], string]>([
    ["by force", ["-f"], owner.pin],
    ["by a longer minimum", ["-l", "10"], owner.pin],
  ])("%s: the login changes it", async (_, flags, present) => {
    await using key = await plugIn();
    expect(await enroll(laptop, givePin)).toMatchObject({ exitCode: 0 });
    const demanded = await runClient(["fido2-token", "-S", ...flags, key.path], answering(["Enter PIN for", present]));
    expect(demanded).toMatchObject({ exitCode: 0 });
    const longer = "correct horse battery";
    const run = await type(
      laptop,
      ["login"],
      answering(["PIN of your security key", present], ["New PIN", longer], ["The same PIN again", longer]),
    );
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(run.screen).not.toContain("Wrong PIN");
    expect(await keyInfo(key)).toContain("pin retries: 8");
  });

  test("and another key that nobody has enrolled: the login changes nothing on it", async () => {
    await using key = await plugIn({ forcePINChange: true });
    const scene = inState("At login: the key demands a new PIN, and shows no credential of this server", {
      onLine: (line, somebody) => void (line.endsWith("[y/N]") && somebody.type("\r")),
    });
    expect(await type(laptop, ["login"], scene)).toMatchObject({ exitCode: 5, restored: true });
    expect(key.key.ctap2.pin.forcePINChange).toBe(true);
  });
});

describe("an enrolled key", () => {
  let key: DeskKey;

  beforeAll(async () => {
    key = await plugIn();
    expect(await enroll(laptop, givePin)).toMatchObject({ exitCode: 0 });
  });
  afterAll(() => key[Symbol.asyncDispose]());

  test("takes no more PINs after three wrong ones: it is taken out, plugged in again, and the login goes on", async () => {
    const before = async (person: Person): Promise<void> => {
      await givePin(person, "000000");
      await givePin(person, "111111");
    };
    const onLine = async (line: string): Promise<void> => {
      if (!line.startsWith("Take it out")) return;
      await key.unplug();
      await key.plugIn();
    };
    const scene = inState("The PIN is wrong three times in a row", { before, answers: ["222222"], onLine });
    expect(await type(laptop, ["login"], scene)).toMatchObject({ exitCode: 0, restored: true });
    expect(await keyInfo(key)).toContain("pin retries: 8");
  });

  test("has one try left, and the PIN is right", async () => {
    key.key.ctap2.pin.pinRetries = 1;
    expect(await type(laptop, ["login"], inState("One try is left"))).toMatchObject({ exitCode: 0, restored: true });
  });

  test("has one try left, and the PIN is wrong: it is blocked, for good", async () => {
    key.key.ctap2.pin.pinRetries = 1;
    const before = (person: Person): Promise<void> => givePin(person, "000000");
    const run = await type(laptop, ["login"], inState("The PIN is blocked", { before }));
    expect(run).toMatchObject({ exitCode: 5, restored: true });
    await key.unplug();
    await key.plugIn();
    expect(await keyInfo(key)).toContain("pin retries: 0");
    expect(await type(laptop, ["login"], inState("The PIN is blocked"))).toMatchObject({ exitCode: 5 });
    key.key.ctap2.pin.pinRetries = 8;
  });

  test("is not enrolled twice", async () => {
    const before = givePin;
    const run = await enroll(laptop, inState("`vouch enroll`, the key is enrolled already", { before }));
    expect(run).toMatchObject({ exitCode: 0, restored: true });
  });

  test("holds another account too: the person chooses", async () => {
    key.key.ctap2.credentials.create(names.vouchHost, somebodyElse, true, 2);
    const scene = inState("Several accounts are on the key", { answers: [owner.pin, "2"] });
    expect(await type(laptop, ["login"], scene)).toMatchObject({ exitCode: 0, restored: true });
  });
});

describe("the credential", () => {
  test("of this server is not on the key", async () => {
    await using _ = await plugIn();
    const scene = inState("The key has no credential for this server", { before: givePin });
    expect(await type(laptop, ["login"], scene)).toMatchObject({ exitCode: 5, restored: true });
  });

  test.each<[state: string, settings: Partial<Settings>]>([
    ["The key has no room for another credential", { capacity: 1 }],
    ["The key cannot store credentials", { capacity: 0 }],
  ])("is not stored: %s; the settings know its id", async (state, settings) => {
    await using key = await plugIn(settings);
    if (settings.capacity === 1) key.key.ctap2.credentials.create("other.example", somebodyElse, true, 1);
    expect(await enroll(laptop, inState(state))).toMatchObject({ exitCode: 0, restored: true });
    const login = await type(laptop, ["login"], inState("The credential is not stored on the key"));
    expect(login).toMatchObject({ exitCode: 0, restored: true });
  });
});

test("a key that takes only short requests is refused", async () => {
  await using _ = await plugIn({ maxMsgSize: 200 });
  const scene = inState("The request is too large for the key", { before: givePin });
  expect(await enroll(laptop, scene)).toMatchObject({ exitCode: 3, restored: true });
});

describe("a fingerprint key", () => {
  test("is preferred by its PIN: Enter while it waits for the finger", async () => {
    await using key = await plugIn({ fingerprint: "matches" });
    expect(await enroll(laptop, nobody)).toMatchObject({ exitCode: 0 });
    key.key.settings.touch = "withheld";
    const blinks = (): boolean => key.key.ctap2.touch.isAwaited;
    const onLine = async (line: string, person: Person): Promise<void> => {
      if (!line.startsWith("Touch")) return;
      await until(blinks);
      if (line.includes("press Enter")) person.type("\r");
      else key.key.ctap2.touch.press();
    };
    const run = await type(laptop, ["login"], inState("The PIN is preferred to the fingerprint", { onLine }));
    expect(run).toMatchObject({ exitCode: 0, restored: true });
  });

  test("whose sensor is blocked is unblocked by the PIN", async () => {
    await using key = await plugIn({ fingerprint: "fails" });
    key.key.ctap2.pin.uvRetries = 1;
    const run = await enroll(laptop, inState("The fingerprint sensor is blocked"));
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(key.key.ctap2.pin.uvRetries).toBe(5);
  });
});
