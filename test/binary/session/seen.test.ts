/** What a person sees of a session outside of commands: in the shell's prompt, and on the desktop. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { hasDesktop, startDesktop } from "../../desktop.ts";
import { type Laptop, person, startLaptop } from "../../laptop.ts";

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(async () => laptop?.stop());

test("a prompt shows nothing without a session, and then how long it lasts", async () => {
  expect(await laptop.vouch("status", "--prompt")).toEqual({ exitCode: 4, stdout: "", stderr: "" });
  await laptop.startAgent();
  expect(await laptop.vouch("status", "--prompt")).toEqual({ exitCode: 4, stdout: "", stderr: "" });
  await laptop.enroll();
  await laptop.login();
  const left = /^[78]h[0-5][0-9]m\n$/;
  expect(await laptop.vouch("status", "--prompt")).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(left),
    stderr: "",
  });
  // By the command line's own way.
  const debugged = await laptop.vouch("status", "--prompt", "--debug");
  expect(debugged).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(left) });
});

test.skipIf(!hasDesktop)(
  "a key that waits for a touch is named on the desktop after two seconds, until it is touched",
  async () => {
    await using desktop = await startDesktop();
    const env = {
      ...laptop.env,
      DISPLAY: desktop.env["DISPLAY"]!,
      DBUS_SESSION_BUS_ADDRESS: desktop.env["DBUS_SESSION_BUS_ADDRESS"]!,
    };
    Object.assign(laptop.env, env);
    laptop.key.settings.touch = "withheld";
    const untilDisplayed = async (count: number) => {
      while ((await desktop.displayed()) !== count) await Bun.sleep(50);
    };
    const login = () =>
      laptop.atTerminal(["login"], async ({ see, type }) => {
        await see("PIN");
        type(`${person.pin}\r`);
        await see("Touch your security key");
        await untilDisplayed(1);
        laptop.key.ctap2.touch.press();
      });
    expect(await login()).toMatchObject({ exitCode: 0 });
    await untilDisplayed(0);
    const [shown] = await desktop.history();
    expect(shown).toMatchObject({ summary: "Touch your security key", body: expect.stringContaining("waits for it.") });

    expect((await laptop.vouch("setup", "notifications", "--touch", "no")).exitCode).toBe(0);
    laptop.key.settings.touch = "auto";
    laptop.key.settings.touchDelayMs = 2_500;
    await laptop.login();
    expect(await desktop.displayed()).toBe(0);
    expect(await desktop.history()).toHaveLength(1);
  },
  120_000,
);
