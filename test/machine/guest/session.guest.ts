/** A day with the release executable and each kind of key: enrol, log in, get a token; by /dev/hidraw0, PIN typed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { Glob } from "bun";
import type { Settings } from "../../authenticator/settings.ts";
import { cargoGet, executable, type Laptop } from "../../laptop.ts";
import type { Person } from "../../pty.ts";
import { enroll, givePin, plugIn, startDesk, type } from "./desk.ts";

let laptop: Laptop;

beforeAll(async () => {
  // The prebuilt HID library names libusb as needed but does not use it: nobody must have to install it. What is
  // removed here is removed from the machine's memory only.
  for (const file of new Glob("*/libusb-1.0.so*").scanSync({ cwd: "/usr/lib", absolute: true, onlyFiles: false })) {
    rmSync(file);
  }
  laptop = await startDesk();
  await using _ = await plugIn();
  await laptop.getReady("--tool", "cargo");
});

afterAll(() => laptop.stop());

const touched = ({ see }: Person): Promise<void> => see(/Touch (the fingerprint sensor of )?your security key/);

async function pinAndTouch(somebody: Person): Promise<void> {
  await givePin(somebody);
  await touched(somebody);
}

/** The finger is tried first; the PIN is the way out. */
async function touchThenPin(somebody: Person): Promise<void> {
  await touched(somebody);
  await givePin(somebody);
}

const keys: [name: string, settings: Partial<Settings>, script: (person: Person) => Promise<void>][] = [
  ["a key of CTAP 2.1", {}, pinAndTouch],
  ["a key of CTAP 2.0 with protocol one", { ctap: "2.0", protocols: [1] }, pinAndTouch],
  ["a key made before CTAP 2.1 was final", { ctap: "2.1-pre", protocols: [1] }, pinAndTouch],
  ["a key of a later CTAP, with enterprise features", { ctap: "2.3" }, pinAndTouch],
  ["a key with protocol two only", { protocols: [2] }, pinAndTouch],
  ["a key that always verifies its user", { alwaysUv: true }, pinAndTouch],
  ["a key that asks for no PIN to make other credentials", { makeCredUvNotRqd: true }, pinAndTouch],
  ["a key that needs time", { touchDelayMs: 1500 }, pinAndTouch],
  ["a fingerprint key without a PIN", { fingerprint: "matches", pin: undefined }, touched],
  ["a fingerprint key of CTAP 2.0", { fingerprint: "matches", pin: undefined, ctap: "2.0" }, touched],
  ["a fingerprint key that does not know the finger", { fingerprint: "fails" }, touchThenPin],
];

describe.each(keys)("%s", (_, settings, script) => {
  test("enrols, logs in and gets a token", async () => {
    await using key = await plugIn(settings);
    expect(key.path).toBe("/dev/hidraw0");
    expect(await enroll(laptop, script)).toMatchObject({ exitCode: 0, restored: true });
    expect(await type(laptop, ["login"], script)).toMatchObject({ exitCode: 0, restored: true });
    const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
    expect(stdout).toContain("vouch-sandbox-token");
  });
});

test("a key that speaks only U2F is refused, with the reason", async () => {
  await using _ = await plugIn({ ctap: "u2f", pin: undefined });
  const refused = await enroll(laptop, ({ see }) => see("speaks only U2F (CTAP1), which cannot verify a PIN"));
  expect(refused.exitCode).toBe(3);
});
