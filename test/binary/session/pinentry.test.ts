/** Login and publishing without a terminal, by GnuPG's own dialogues, with the compiled executable. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import { desktopPrograms, type DialogueDesktop, startDialogueDesktop } from "../../dialogue-desktop.ts";
import { cargoGet, ended, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { type Person, runInTerminal } from "../../pty.ts";
import { requires } from "../../requires.ts";
import { addPublishRole, publishRole } from "../../sandbox/aws/publish-role.ts";

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop({ executable: sandboxExecutable, account: addPublishRole });
  await laptop.getReady("--tool", "cargo", "--publish-role", publishRole.arn);
});
afterAll(async () => laptop?.stop());
beforeEach(() => {
  laptop.key.settings.touch = "auto";
});

/** Which pinentry gpg-agent.conf names; without one, none is on PATH either. */
function usePinentry(name: string | undefined): void {
  const folder = join(laptop.home, ".gnupg");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "gpg-agent.conf"), `pinentry-program ${name === undefined ? "/none" : Bun.which(name)}\n`);
}

const status = async () => (await laptop.vouch("status")).exitCode;
const isTouchAwaited = () => laptop.key.ctap2.touch.isAwaited;
const untilTouchIsAwaited = () => until(isTouchAwaited);
/** Without a controlling terminal, as what a desktop starts. */
const withoutTerminal = (command: string[], env: Record<string, string> = {}, stdin?: string) =>
  laptop.run(["setsid", "-w", ...command], { env, ...(stdin === undefined ? {} : { stdin }) });
const publishRequest = cargoGet().replace('"read"', '"publish","name":"<b>my-crate","vers":"1.0.0","cksum":""');
/** A Cargo of its own, which no touch before was for. */
const askToPublish = (env: Record<string, string> = {}) =>
  withoutTerminal(["sh", "-c", '"$0" --cargo-plugin; exit $?', sandboxExecutable], env, publishRequest);
const answerOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trim().split("\n")[1]!) as object;

describe("without terminal and dialogue", () => {
  test.each([
    ["there is no display", "pinentry", {}],
    ["there is no pinentry", undefined, { DISPLAY: ":0" }],
    ["CI runs it", "pinentry", { DISPLAY: ":0", CI: "true" }],
  ])("vouch login and publishing are refused with the next command: %s", async (_, name, env) => {
    usePinentry(name);
    const { exitCode, stderr } = await withoutTerminal(["vouch", "login"], env);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("This needs a terminal to ask on, and there is none.");
    expect(stderr).toContain("Run it in a terminal window");
    expect(answerOf(await askToPublish(env))).toMatchObject({
      Err: { message: expect.stringContaining("needs a touch of your security key") },
    });
    expect(laptop.key.ctap2.touch.isAwaited).toBe(false);
  });

  test("a display that is none is named", async () => {
    usePinentry("pinentry-curses");
    const { exitCode, stderr } = await withoutTerminal(["vouch", "login"], { DISPLAY: ":none" });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/there is none, and \/\S+pinentry-curses cannot ask: .+ \(\d+\)\./);
  });
});

describe.skipIf(!requires("pinentry-curses", "setsid"))("pinentry-curses on the terminal of GPG_TTY", () => {
  beforeEach(() => usePinentry("pinentry-curses"));

  /** Runs the command in a session of its own, as a desktop's program would, beside the person's terminal. */
  async function beside(command: string[], script: (at: Person) => Promise<void>, stdin = "") {
    const [input, output] = [join(laptop.folder, "in"), join(laptop.folder, "out")];
    writeFileSync(input, stdin);
    const shell = 'export GPG_TTY=$(tty); in=$1; shift; exec setsid -w "$@" <"$in" >"$0" 2>&1';
    const run = await runInTerminal(
      ["sh", "-c", shell, output, input, ...command],
      { cwd: laptop.cwd, env: laptop.env },
      script,
    );
    const said = readFileSync(output, "utf8");
    rmSync(output);
    return { ...run, said };
  }

  test("takes the PIN, says that the touch is awaited, and leaves the terminal as it was", async () => {
    laptop.key.settings.touch = "withheld";
    const run = await beside(["vouch", "login"], async ({ see, type }) => {
      await see("Vouch asks for the PIN");
      type(`${person.pin}\r`);
      await see("Touch your security key");
      await untilTouchIsAwaited();
      laptop.key.ctap2.touch.press();
    });
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(run.said).toContain("Touch your security key (Software Security Key).");
    expect(run.said).toContain("✓ Logged in as");
    expect(run.screen + run.said).not.toContain(person.pin);
  });

  test("says how many tries are left after a wrong PIN, and sends none that is too short", async () => {
    const run = await beside(["vouch", "login"], async ({ see, type }) => {
      await see("Vouch asks for the PIN");
      type("12\r");
      await see("It was not sent to the key.");
      type("654321\r");
      await see("7 tries are left.");
      type(`${person.pin}\r`);
    });
    expect(run.exitCode).toBe(0);
  });

  test("ends with 130 when the person cancels it, instead of the PIN and instead of the touch", async () => {
    laptop.key.settings.touch = "withheld";
    const atPin = await beside(["vouch", "login"], async ({ see, type }) => {
      await see("Vouch asks for the PIN");
      type("\t\t\r");
    });
    expect(atPin).toMatchObject({ exitCode: 130, restored: true });
    const atTouch = await beside(["vouch", "login"], async ({ see, type }) => {
      await see("Vouch asks for the PIN");
      type(`${person.pin}\r`);
      await see("Touch your security key");
      type("\r");
    });
    expect(atTouch).toMatchObject({ exitCode: 130, restored: true });
    await until(() => !isTouchAwaited());
  });

  test("ends, and restores the terminal, when the command is ended", async () => {
    const run = await beside(["sh", "-c", 'echo $$ >pid; exec "$0" login', "vouch"], async ({ see }) => {
      await see("Vouch asks for the PIN");
      process.kill(Number(readFileSync(join(laptop.cwd, "pid"), "utf8")), "SIGTERM");
    });
    expect(run).toMatchObject({ exitCode: 130, restored: true });
  });

  const cargo = ["sh", "-c", '"$0" --cargo-plugin; exit $?', sandboxExecutable];

  test("asks before a publish, shows the claim as one, and still wants the touch", async () => {
    laptop.key.settings.touch = "withheld";
    const run = await beside(
      cargo,
      async ({ see, type }) => {
        await see("It says of itself:");
        await see("b\ufffdmy-crate 1.0.0");
        await see("Vouch cannot check that.");
        expect(isTouchAwaited()).toBe(false);
        type("\r");
        await see("Touch your security key");
        await untilTouchIsAwaited();
        laptop.key.ctap2.touch.press();
      },
      publishRequest,
    );
    expect(run.said).toContain('{"Ok":{"kind":"get","token":"');
    expect(run.said).toContain("Allowed until");
  });

  test("refuses the publish without a touch when the person does", async () => {
    laptop.key.settings.touch = "withheld";
    const before = laptop.key.ctap2.touch.waits;
    const run = await beside(
      cargo,
      async ({ see, type }) => {
        await see("Vouch cannot check that.");
        type("\t\r");
      },
      publishRequest,
    );
    expect(run.said).toContain("Publishing was not allowed");
    expect(run.said).not.toContain('"Ok"');
    expect(laptop.key.ctap2.touch.waits).toBe(before);
  });
});

describe.skipIf(!requires("pinentry-gtk-2", "setsid", ...desktopPrograms))("pinentry-gtk-2 on a desktop", () => {
  let desktop: DialogueDesktop;
  const env: Record<string, string> = {};
  beforeAll(async () => {
    desktop = await startDialogueDesktop();
    env["DISPLAY"] = desktop.display;
  });
  afterAll(async () => desktop?.stop());
  beforeEach(() => usePinentry("pinentry-gtk-2"));

  test("vouch login takes the PIN in a window, shows the touch in another, and closes it", async () => {
    await ended(laptop.vouch("logout"));
    laptop.key.settings.touch = "withheld";
    const login = ended(withoutTerminal(["vouch", "login"], env));
    await desktop.answer("Vouch: PIN", { text: "654321" }, { keys: "Return" });
    await desktop.answer("Vouch: PIN", { text: person.pin }, { keys: "Return" });
    await desktop.see("Vouch: security key");
    await untilTouchIsAwaited();
    laptop.key.ctap2.touch.press();
    await login;
    expect(desktop.count("Vouch: .*")).toBe(0);
    expect(await status()).toBe(0);
  });

  test("a command that a desktop has started asks in a window, with login.prompt=always alone", async () => {
    await ended(laptop.vouch("logout"));
    const command = ["vouch", "exec", "--", "echo", "ran"];
    expect(await withoutTerminal(command, env)).toMatchObject({ exitCode: 4, stdout: "" });
    await ended(laptop.vouch("setup", "login", "--prompt", "always"));
    const run = ended(withoutTerminal(command, env));
    await desktop.answer("Vouch: PIN", { text: person.pin }, { keys: "Return" });
    expect(await run).toBe("ran\n");
    await ended(laptop.vouch("setup", "login", "--prompt", "terminal"));
  });

  test("publishing is confirmed in a window, and then by the touch", async () => {
    laptop.key.settings.touch = "withheld";
    const asked = askToPublish(env);
    await desktop.answer("Vouch: publish", { keys: "Tab Return" });
    await untilTouchIsAwaited();
    laptop.key.ctap2.touch.press();
    expect(answerOf(await asked)).toMatchObject({ Ok: { kind: "get" } });
  });

  test("Enter alone refuses, and so does the window that waits for the touch", async () => {
    laptop.key.settings.touch = "withheld";
    const before = laptop.key.ctap2.touch.waits;
    const refused = askToPublish(env);
    await desktop.answer("Vouch: publish", { keys: "Return" });
    expect(answerOf(await refused)).toMatchObject({ Err: { message: expect.stringContaining("not allowed") } });
    expect(laptop.key.ctap2.touch.waits).toBe(before);

    const cancelled = askToPublish(env);
    await desktop.answer("Vouch: publish", { keys: "Tab Return" });
    await untilTouchIsAwaited();
    await desktop.answer("Vouch: security key", { keys: "Return" });
    expect(answerOf(await cancelled)).toMatchObject({ Err: { message: "Cancelled." } });
    await until(() => !isTouchAwaited());
  });
});
