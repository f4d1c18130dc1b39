/** What a dialogue sends and takes, with a stand-in that is strict, and that lies, hangs and dies on demand. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { PinentryConnection } from "../../../src/cli/pinentry/connection.ts";
import { Pinentry } from "../../../src/cli/pinentry/dialogue.ts";
import { rejection } from "../../rejection.ts";
import { until } from "../../agent/harness.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { type Script, standIn } from "./stand-in.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
});

const limits = { timeoutMs: 60_000 };
const dialogue = { title: "PIN", description: "Type it.\n100%", prompt: "PIN:", ok: "OK", cancel: "Cancel" };
const error = (code: number) => `ERR ${5 * 2 ** 24 + code} words of its own <Pinentry>\n`;

function open(answers: Script["answers"], more: Record<string, string> = {}, greeting?: string) {
  const { file, env, lines } = standIn(folder, answers, greeting);
  return { pinentry: new Pinentry({ file, grabs: false }, { ...env, ...more }), lines };
}
const askPin = async (answers: Script["answers"], greeting?: string) =>
  (await open(answers, {}, greeting).pinentry.pin(dialogue, limits)).expose();

test("settings and options are sent as gpg-agent sends them, each on one line", async () => {
  const env = { DISPLAY: ":7", LC_ALL: "", LANG: "de_DE.UTF-8", LC_MESSAGES: "C", GPG_TTY: "/nonexistent" };
  const { pinentry, lines } = open({ GETPIN: ["D 12%25\nOK\n"] }, env);
  const pin = await pinentry.pin({ ...dialogue, error: "Wrong." }, { timeoutMs: 1500 });
  expect(pin.expose()).toBe("12%");
  expect(lines()).toEqual([
    "OPTION no-grab",
    "OPTION display=:7",
    "OPTION lc-ctype=de_DE.UTF-8",
    "OPTION lc-messages=C",
    "SETTITLE Vouch: PIN",
    "SETDESC Type it.%0A100%25",
    "SETOK OK",
    "SETCANCEL Cancel",
    "SETPROMPT PIN:",
    "SETERROR Wrong.",
    "SETTIMEOUT 2",
    "GETPIN",
    expect.stringMatching(/^SIGINT$/),
  ]);
});

test("an option that the program does not know is passed over", async () => {
  expect(await askPin({ OPTION: [error(174)], GETPIN: ["D 1\nOK\n"] })).toBe("1");
});

test.each([
  ["one line", "D 123456\nOK\n", "123456"],
  ["several lines", "D 123\n# a comment\nS A_STATUS of its own\nD 456\nOK\n", "123456"],
  ["no line", "OK\n", ""],
  ["letters of any script", "D пароль%20é\nOK\n", "пароль é"],
  ["everything that is escaped", "D %2525%0a%0D\nOK\n", "%25\n\r"],
])("a PIN comes in %s", async (_, answer, expected) => {
  expect(await askPin({ GETPIN: [answer] })).toBe(expected);
});

describe("a new PIN", () => {
  const repeat = { prompt: "Again:", error: "They differ." };
  const ask = async (answers: string[]) => {
    const { pinentry, lines } = open({ GETPIN: answers });
    const pin = await pinentry.pin({ ...dialogue, repeat }, limits);
    return { pin: pin.expose(), asked: lines().filter((line) => /^(GETPIN|SETPROMPT|SETERROR)/.test(line)) };
  };

  test("is asked for once where the program has two fields", async () => {
    const { pin, asked } = await ask(["S PIN_REPEATED\nD 1\nOK\n"]);
    expect({ pin, asked }).toEqual({ pin: "1", asked: ["SETPROMPT PIN:", "GETPIN"] });
  });

  test("is asked for twice where it has one", async () => {
    const { asked } = await ask(["D 1\nOK\n"]);
    expect(asked).toEqual(["SETPROMPT PIN:", "GETPIN", "SETPROMPT Again:", "GETPIN"]);
  });

  test("is asked for anew when the two differ", async () => {
    const { pin, asked } = await ask(["D 1\nOK\n", "D 2\nOK\n", "S PIN_REPEATED\nD 3\nOK\n"]);
    expect(pin).toBe("3");
    expect(asked.slice(4)).toEqual(["SETPROMPT PIN:", "SETERROR They differ.", "GETPIN"]);
  });
});

describe("the end of a dialogue", () => {
  test.each([
    ["cancelled", 99, "cancelled", 130],
    ["its window closed", 198, "cancelled", 130],
    ["not answered in time", 62, "cancelled", 130],
    ["without a display or terminal", 0x8000 | 25, "usage", 2],
    ["of another error", 1, "usage", 2],
  ])("%s: GETPIN's error %d becomes %s, exit code %d", async (_, code, expected, exitCode) => {
    const asked = askPin({ GETPIN: [error(code)] });
    expect(await rejection(asked)).toMatchObject({ code: expected, exitCode });
  });

  test.each([
    ["OK\n", true],
    [error(114), false],
  ])("CONFIRM's answer %j is %p", async (answer, expected) => {
    const { pinentry } = open({ CONFIRM: [answer] });
    expect(await pinentry.confirm(dialogue, limits)).toBe(expected);
  });

  test("a cancelled CONFIRM is no answer", async () => {
    const { pinentry } = open({ CONFIRM: [error(99)] });
    expect(await rejection(pinentry.confirm(dialogue, limits))).toMatchObject({ code: "cancelled" });
  });
});

describe("an answer that is none is refused, and not quoted:", () => {
  test.each([
    ["a line of 1001 bytes", `D ${"1".repeat(998)}\nOK\n`],
    ["a line without an end", "D ".padEnd(100_000, "1")],
    ["a wrong escape", "D 12%3\nOK\n"],
    ["a word that no server says", "PIN 1234\nOK\n"],
    ["an inquiry", "INQUIRE QUALITY 1234\n"],
    ["more data than a PIN", `D ${"1".repeat(600)}\n`.repeat(2) + "OK\n"],
    ["comments without end", "# 1234\n".repeat(1000)],
    ["a PIN that is not UTF-8", "D %ff%fe1234\nOK\n"],
    ["an OK behind nothing but a carriage return", "OK\r\n"],
    ["its end", "EXIT"],
  ])("%s", async (_, answer) => {
    const asked = askPin({ GETPIN: [answer] });
    expect(await rejection(asked)).toMatchObject({
      code: "protocol_error",
      message: expect.not.stringContaining("1234"),
    });
  });

  test.each(["", "ERR 1 not today\n", "Welcome\n"])("the greeting %j", async (greeting) => {
    const asked = askPin({}, greeting === "" ? "EXIT\n" : greeting);
    expect(await rejection(asked)).toMatchObject({ code: "protocol_error" });
  });

  test("a refusal of the description: nobody would know what is asked", async () => {
    const { pinentry, lines } = open({ SETDESC: [error(1)], CONFIRM: ["OK\n"] });
    expect(await rejection(pinentry.confirm(dialogue, limits))).toMatchObject({ code: "usage" });
    expect(lines()).not.toContain("CONFIRM");
  });
});

describe("a program that hangs", () => {
  test("is waited for as long as the limit says", async () => {
    const { file, env } = standIn(folder, { GETPIN: ["HANG"] });
    const connection = new PinentryConnection(file, [], env);
    await connection.greeting(limits);
    expect(await rejection(connection.send("GETPIN", undefined, { timeoutMs: 1 }))).toMatchObject({ code: "timeout" });
    await connection.end();
  });

  test("is ended when what is shown is over, so that it can restore a terminal", async () => {
    const { pinentry, lines } = open({ CONFIRM: ["HANG"] });
    const over = new AbortController();
    const shown = pinentry.show(
      { title: "touch", description: "Touch it.", button: "Cancel" },
      { ...limits, signal: over.signal },
    );
    await until(() => lines().includes("CONFIRM --one-button"));
    over.abort();
    expect(await rejection(shown)).toMatchObject({ code: "cancelled" });
    expect(lines()).toContain("SIGINT");
  });
});

test("a program that cannot be started is named", async () => {
  const pinentry = new Pinentry({ file: `${folder}/none`, grabs: false }, {});
  expect(await rejection(pinentry.pin(dialogue, limits))).toMatchObject({ code: "command_not_executable" });
});
