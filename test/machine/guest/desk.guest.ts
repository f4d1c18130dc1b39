/** What happens on a desk: keys come and go, there are two of them, another program or nobody may use them. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { executable, type Laptop, person as owner } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import {
  type DeskKey,
  enroll,
  givePin,
  inState,
  nobody,
  plugIn,
  shown,
  SLOW_MS,
  startDesk,
  type,
  until,
} from "./desk.ts";

let laptop: Laptop;
let key: DeskKey;

beforeAll(async () => {
  key = await plugIn();
  laptop = await startDesk();
  await laptop.startAgent();
  await enroll(laptop, givePin);
});

beforeEach(async () => {
  key.key.settings.touch = "auto";
  if (!existsSync(key.path)) await key.plugIn();
});

afterAll(async () => {
  await laptop.stop();
  await key[Symbol.asyncDispose]();
});

/** What the person hears who can do something about it. */
const plugItIn = /[Pp]lug(ged in| the security key in again) and repeat the command\./;

const blinks = () => key.key.ctap2.touch.isAwaited;

test("the key is plugged in while login waits for it", async () => {
  await key.unplug();
  const run = await type(laptop, ["login"], async (person) => {
    await person.see("Plug in your security key. Waiting for 60 seconds…");
    await key.plugIn();
    await givePin(person);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("the key is taken out while it waits for the finger; plugged in again it works", async () => {
  key.key.settings.touch = "withheld";
  const run = await type(laptop, ["login"], async (person) => {
    await givePin(person);
    await person.see("Touch your security key");
    await until(blinks);
    await key.unplug();
  });
  expect(run).toMatchObject({ exitCode: 3, restored: true });
  expect(run.screen).toMatch(plugItIn);
  expect(existsSync(key.path)).toBe(false);
  key.key.settings.touch = "auto";
  await key.plugIn();
  expect(key.path).toBe("/dev/hidraw0");
  expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0 });
});

test("the key is taken out while the PIN is typed", async () => {
  const run = await type(laptop, ["login"], async (person) => {
    await person.see("PIN of your security key");
    await key.unplug();
    person.type(`${owner.pin}\r`);
  });
  expect(run).toMatchObject({ exitCode: 3, restored: true });
  expect(run.screen).toMatch(plugItIn);
});

test("Ctrl-C while the key waits for the finger: the key stops blinking, exit code 130", async () => {
  key.key.settings.touch = "withheld";
  const run = await type(laptop, ["login"], async (person) => {
    await givePin(person);
    await person.see("Touch your security key");
    await until(blinks);
    person.type("\x03");
  });
  expect(run).toMatchObject({ exitCode: 130, restored: true });
  expect(blinks()).toBe(false);
});

test("two keys: both blink, the one that is touched is used, the other stops", async () => {
  await using other = await plugIn({ product: "Other Key", touch: "withheld" });
  key.key.settings.touch = "withheld";
  expect([key.path, other.path]).toEqual(["/dev/hidraw0", "/dev/hidraw1"]);
  const run = await type(laptop, ["login"], async (person) => {
    await person.see("Touch the security key that you want to use: Software Security Key, Other Key.");
    await until(() => blinks() && other.key.ctap2.touch.isAwaited);
    key.key.ctap2.touch.press();
    await person.see("PIN of your security key (Software Security Key)");
    expect(other.key.ctap2.touch.isAwaited).toBe(false);
    person.type(`${owner.pin}\r`);
    await person.see("Touch your security key (Software Security Key)");
    await until(blinks);
    key.key.ctap2.touch.press();
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("two keys blink, a third joins, all are taken out, and one comes back", async () => {
  await using other = await plugIn({ product: "Other Key", touch: "withheld" });
  key.key.settings.touch = "withheld";
  const run = await type(laptop, ["login"], async (person) => {
    await person.see("Touch the security key that you want to use: Software Security Key, Other Key.");
    await using third = await plugIn({ product: "Third Key", touch: "withheld" });
    await person.see("Touch the security key that you want to use: Software Security Key, Other Key, Third Key.");
    await Promise.all([key, other, third].map((one) => one.unplug()));
    await person.see("Plug in your security key. Waiting for 60 seconds…");
    key.key.settings.touch = "auto";
    await key.plugIn();
    await givePin(person);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("two keys, and none is touched: both stop blinking", async () => {
  await using other = await plugIn({ product: "Software Security Key 2", touch: "withheld" });
  key.key.settings.touch = "withheld";
  const run = await type(laptop, ["login", "--timeout", "2"], inState("Two keys, and none is touched"));
  expect(run).toMatchObject({ exitCode: 3, restored: true });
  expect([blinks(), other.key.ctap2.touch.isAwaited]).toEqual([false, false]);
});

test("the key is not touched: it stops blinking", async () => {
  key.key.settings.touch = "withheld";
  const scene = inState("The key is not touched", { before: givePin });
  expect(await type(laptop, ["login", "--timeout", "2"], scene)).toMatchObject({ exitCode: 3, restored: true });
  expect(blinks()).toBe(false);
});

test("a key that speaks only U2F is left out beside another one", async () => {
  await using _ = await plugIn({ product: "U2F Key", ctap: "u2f", pin: undefined });
  const run = await type(laptop, ["login"], async (person) => {
    await person.see("U2F Key speaks only U2F (CTAP1), which cannot verify a PIN. It is left out.");
    await givePin(person);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("the kernel lists the key, but its device file is missing, as in a container", async () => {
  rmSync(key.path);
  const scene = inState("The key is listed, but its device file is missing (a container)");
  expect(await type(laptop, ["login"], scene)).toMatchObject({ exitCode: 3, restored: true });
  await key.unplug();
});

test("another program's request makes the key busy: login gives up and says so, or waits for its end", async () => {
  key.key.settings.touch = "withheld";
  const parameters = join(laptop.folder, "cred-param");
  await Bun.write(parameters, `${btoa("x".repeat(32))}\nelsewhere.example\nsomebody\n${btoa("id")}\n`);
  const options = { cwd: laptop.folder, timeoutMs: SLOW_MS };
  const other = runInTerminal(
    ["fido2-cred", "-M", "-i", parameters, key.path],
    options,
    async ({ see, type: write }) => {
      await see("Enter PIN for");
      write(`${owner.pin}\r`);
    },
  );
  await until(blinks);
  const refused = await type(laptop, ["login", "--timeout", "3"], nobody);
  expect(refused.exitCode).toBe(3);
  expect(refused.screen).toContain("is busy with another program");
  expect(key.busyAnswers).toBeGreaterThan(1);
  const before = key.busyAnswers;
  const run = await type(laptop, ["login"], async (person) => {
    await until(() => key.busyAnswers > before);
    key.key.ctap2.touch.press();
    key.key.settings.touch = "auto";
    await givePin(person);
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  expect(await other).toMatchObject({ exitCode: 0 });
});

test("an ordinary user without the right to the key learns which udev rule gives it; with the right it works", async () => {
  const home = join("/run/tmp", "ordinary");
  mkdirSync(home);
  cpSync(join(laptop.home, ".config"), join(home, ".config"), { recursive: true });
  chmodSync(laptop.folder, 0o755);
  Bun.spawnSync(["chown", "-R", "65534:65534", home]);
  const env = { ...laptop.env, HOME: home, TMPDIR: home, NO_COLOR: "1", VOUCH_RUNTIME_DIR: join(home, "run") };
  for (const name of ["CONFIG", "DATA", "CACHE"]) delete (env as Record<string, string>)[`XDG_${name}_HOME`];
  const command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", executable];
  const asUser = { cwd: home, env, timeoutMs: SLOW_MS };
  chmodSync(key.path, 0o600);
  const denied = await shown(
    "vouch login (as an ordinary user)",
    runInTerminal([...command, "login"], asUser, ({ see }) => see("permission denied")),
  );
  expect(denied.exitCode).toBe(3);
  expect(denied.screen.replaceAll(/\s+/g, " ")).toContain(
    'SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1", TAG+="uaccess"',
  );
  {
    await using other = await plugIn({ product: "Other Key" });
    chmodSync(other.path, 0o666);
    const doctor = await shown(
      "vouch doctor (as an ordinary user, who may use another key)",
      runInTerminal([...command, "doctor"], asUser, nobody),
    );
    expect(doctor.exitCode).toBe(1);
    expect(doctor.screen).toContain("FAIL  Cannot open Software Security Key (/dev/hidraw0): permission denied.");
    expect(doctor.screen.replaceAll(/\s+/g, " ")).toContain('SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1"');
    expect(doctor.screen).toContain("ok    Other Key is plugged in and answers; its PIN is set, 8 tries are left.");
  }
  // udev gives the right a moment after the key is there.
  await key.unplug();
  const allowed = await shown(
    "vouch login (as an ordinary user, the right comes late)",
    runInTerminal([...command, "login"], asUser, async (person) => {
      await person.see("Plug in your security key");
      await key.plugIn();
      chmodSync(key.path, 0o666);
      await givePin(person);
    }),
  );
  expect(allowed).toMatchObject({ exitCode: 0, restored: true });
  await runInTerminal([...command, "agent", "stop"], asUser, nobody);
});
