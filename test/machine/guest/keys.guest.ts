/** A person with two keys, "work" and "drawer", both known to the kernel: added, listed, used and removed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Laptop, person as owner } from "../../laptop.ts";
import { type DeskKey, enroll, givePin, inState, nobody, plugIn, startDesk, type, until } from "./desk.ts";

/** The AAGUID of a YubiKey 5 NFC. */
const yubiKey = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");

let laptop: Laptop;
let work: DeskKey;
let drawer: DeskKey;

beforeAll(async () => {
  laptop = await startDesk();
  await laptop.startAgent();
  work = await plugIn({ aaguid: yubiKey });
  expect(await enroll(laptop, givePin, "--name", "work")).toMatchObject({ exitCode: 0 });
  expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0 });
  drawer = await plugIn({ product: "Drawer Key" });
});

afterAll(async () => {
  await drawer[Symbol.asyncDispose]();
  await work[Symbol.asyncDispose]();
  await laptop.stop();
});

const blinks = ({ key }: DeskKey): boolean => key.ctap2.touch.isAwaited;

/** `vouch keys add` with both keys plugged in: the person touches one of them, then approves with the enrolled one. */
async function addByTouching(touched: DeskKey, other: DeskKey) {
  for (const { key } of [touched, other]) key.settings.touch = "withheld";
  const run = await type(laptop, ["keys", "add", "--name", "drawer"], async (person) => {
    await person.see("Plug in the NEW security key and take out the others, then press Enter:");
    person.type("\r");
    await person.see("Touch the security key that you want to use: YubiKey 5 Series with NFC, Drawer Key.");
    await until(() => blinks(touched) && blinks(other));
    touched.key.settings.touch = "auto";
    touched.key.ctap2.touch.press();
    await person.see(
      `PIN of your security key (${touched === work ? "YubiKey 5 Series with NFC" : touched.key.settings.product})`,
    );
    person.type(`${owner.pin}\r`);
    if (touched === work) return;
    await person.see("Now plug in a security key that is ENROLLED already and take out the new one, then press Enter:");
    drawer.key.settings.touch = "withheld";
    person.type("\r");
    await person.see("Touch the security key that you want to use: YubiKey 5 Series with NFC, Drawer Key.");
    await until(() => blinks(work) && blinks(drawer));
    work.key.settings.touch = "auto";
    work.key.ctap2.touch.press();
    await person.see("PIN of your security key (YubiKey 5 Series with NFC)");
    person.type(`${owner.pin}\r`);
  });
  for (const { key } of [touched, other]) key.settings.touch = "auto";
  return run;
}

test("adding the key that is enrolled already is refused", async () => {
  const run = await addByTouching(work, drawer);
  expect(run).toMatchObject({ exitCode: 5, restored: true });
  expect(run.screen).toContain("error: This security key is enrolled already: it is not a new one.");
});

test("the other one is added, and both are listed", async () => {
  const run = await addByTouching(drawer, work);
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  expect(run.screen).toContain('✓ "drawer" (Drawer Key) is enrolled at https://vouch.example.com.');
  const { screen } = await type(laptop, ["keys", "list"], nobody);
  expect(screen).toMatch(/^work +YubiKey 5 Series with NFC .* this session$/m);
  expect(screen).toMatch(/^drawer +Drawer Key .* never +\S+$/m);
});

test("`vouch doctor` opens both, and nobody has to touch them", async () => {
  for (const { key } of [work, drawer]) key.settings.touch = "withheld";
  const { screen } = await type(laptop, ["doctor"], nobody);
  for (const name of ["YubiKey 5 Series with NFC", "Drawer Key"]) {
    expect(screen).toMatch(new RegExp(`ok +${name} is plugged in and answers; its PIN is set, 8 tries are left\\.`));
  }
  for (const { key } of [work, drawer]) key.settings.touch = "auto";
});

test("the work key is lost: the other one logs in and removes it, and it opens no session any more", async () => {
  await work.unplug();
  expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0, restored: true });
  const removed = await type(laptop, ["keys", "remove", "work"], async (person) => {
    await person.see('Remove "work" (YubiKey 5 Series with NFC)? ');
    await person.see("[y/N]");
    person.type("y\r");
    await person.see("PIN of your security key");
    person.type(`${owner.pin}\r`);
  });
  expect(removed).toMatchObject({ exitCode: 0, restored: true });
  await drawer.unplug();
  await work.plugIn();
  const refused = await type(laptop, ["login"], inState("`vouch login`, the key was removed", { before: givePin }));
  expect(refused).toMatchObject({ exitCode: 5, restored: true });
  expect((await type(laptop, ["keys", "list"], nobody)).screen).not.toMatch(/^work/m);
});
