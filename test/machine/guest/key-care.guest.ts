/** What `vouch keys` does with the key itself, on a key that the kernel knows; libfido2 says what it left behind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Laptop, person as owner, serverUrl } from "../../laptop.ts";
import { answering, type DeskKey, givePin, keyInfo, nobody, plugIn, runClient, startDesk, type } from "./desk.ts";

const newPin = "correct horse";
let laptop: Laptop;

beforeAll(async () => {
  laptop = await startDesk();
});
afterAll(() => laptop.stop());

/** A key that takes a reset for as long as the slow machine needs. */
const plugInKey = (): Promise<DeskKey> => plugIn({ resetWindowMs: 600_000 });

test("`vouch keys info` tells what libfido2 tells, and nobody has to touch the key", async () => {
  await using key = await plugInKey();
  key.key.settings.touch = "withheld";
  const run = await type(laptop, ["keys", "info"], nobody);
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  const info = await keyInfo(key);
  for (const word of ["FIDO_2_1", "credProtect", "hmac-secret"]) {
    expect(run.screen).toContain(word);
    expect(info).toContain(word);
  }
  expect(run.screen).toContain("set, 8 tries are left");
  expect(key.key.ctap2.touch.waits).toBe(0);
});

test("`vouch keys pin` changes the PIN, which libfido2 then takes", async () => {
  await using key = await plugInKey();
  const run = await type(laptop, ["keys", "pin"], async (somebody) => {
    await somebody.see("first.");
    await givePin(somebody);
    await answering(["New PIN", newPin], ["The same PIN again", newPin])(somebody);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  const listed = await runClient(["fido2-token", "-I", "-c", key.path], answering(["Enter PIN for", newPin]));
  expect(listed).toMatchObject({ exitCode: 0, screen: expect.stringContaining("existing rk(s): 0") });
});

test("`vouch keys clean` deletes one credential of the server, and libfido2 finds the others", async () => {
  await using key = await plugInKey();
  const { hostname } = new URL(serverUrl);
  for (const [rpId, id] of [
    [hostname, 1],
    ["other.example", 2],
    [hostname, 3],
  ] as const) {
    const user = { id: Uint8Array.of(id), name: `user ${id}`, displayName: undefined };
    key.key.ctap2.credentials.create(rpId, user, true, 2);
  }
  const run = await type(laptop, ["keys", "clean", "--server", serverUrl], async (somebody) => {
    await givePin(somebody);
    await answering(["Enter deletes none:", "1"], ["[y/N]", "y"])(somebody);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  expect(run.screen).toContain("✓ user 3 at");
  expect(run.screen).not.toContain("user 2");
  const withPin = answering(["Enter PIN for", owner.pin]);
  const rps = await runClient(["fido2-token", "-L", "-r", key.path], withPin);
  expect(rps.screen).toContain("other.example");
  expect(rps.screen).toContain(hostname);
  const counted = await runClient(["fido2-token", "-I", "-c", key.path], withPin);
  expect(counted.screen).toContain("existing rk(s): 2");
});

test("`vouch keys reset` empties the key that is taken out, plugged in again and touched", async () => {
  await using key = await plugInKey();
  const run = await type(laptop, ["keys", "reset"], async (somebody) => {
    await answering(["Type the word reset to go on:", "reset"])(somebody);
    await somebody.see("Take it out now");
    await key.unplug();
    await somebody.see("Plug it in again");
    await key.plugIn();
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  expect(await keyInfo(key)).toContain("noclientPin");
});
