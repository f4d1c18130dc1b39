/** A ceremony's prompts in dialogues, with a pinentry that answers by itself. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { DialogueAsker } from "../../../src/cli/key/dialogue-asker.ts";
import { Pinentry } from "../../../src/cli/pinentry/dialogue.ts";
import type { PinRequest } from "../../../src/fido/webauthn/ceremony-ui.ts";
import { until } from "../../agent/harness.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { type Script, standIn } from "../pinentry/stand-in.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
});

function open(answers: Script["answers"], interrupted = new AbortController().signal) {
  const { file, env, lines } = standIn(folder, answers);
  const asker = new DialogueAsker(new Pinentry({ file, grabs: false }, env), interrupted);
  const sent = (...names: string[]) => lines().filter((line) => names.includes(line.split(" ", 1)[0]!));
  return { asker, ui: asker.prompts("Key <b>"), sent };
}

const request: PinRequest = { retries: 8, wrong: false, minLength: 6, mustChange: false, instead: undefined };
const refusal = "ERR 83886194 Not confirmed <Pinentry>\n";
const cancellation = "ERR 83886179 Operation cancelled <Pinentry>\n";

describe("the PIN", () => {
  test("is asked for with the key's name as plain text, again when it cannot be right", async () => {
    const { ui, sent } = open({ GETPIN: ["D 12\nOK\n", "D 246813\nOK\n"] });
    expect((await ui.pin(request)).expose()).toBe("246813");
    expect(sent("SETDESC", "SETERROR", "GETPIN")).toEqual([
      "SETDESC Vouch asks for the PIN of your security key (Key \ufffdb\ufffd).",
      "GETPIN",
      "SETDESC Vouch asks for the PIN of your security key (Key \ufffdb\ufffd).",
      "SETERROR The PIN has at least 6 characters, got 2. It was not sent to the key.",
      "GETPIN",
    ]);
  });

  test.each([
    [{ retries: 3, wrong: true }, "Wrong PIN. 3 tries are left."],
    [{ retries: 1, wrong: true }, "Wrong PIN. One try is left: after another wrong PIN the key is blocked"],
    [{ retries: 5 }, "5 tries are left."],
    [{ instead: "sensor_blocked" as const }, "The fingerprint sensor is blocked"],
  ])("is asked for with what should be known before: %j", async (more, words) => {
    const { ui, sent } = open({ GETPIN: ["D 246813\nOK\n"] });
    await ui.pin({ ...request, ...more });
    expect(sent("SETERROR")).toEqual([expect.stringContaining(words)]);
  });

  test("is not asked for any more when the command is interrupted", async () => {
    const interrupted = new AbortController();
    const { ui, sent } = open({ GETPIN: ["HANG"] }, interrupted.signal);
    const asked = rejection(ui.pin(request));
    await until(() => sent("GETPIN").length > 0);
    interrupted.abort();
    expect(await asked).toMatchObject({ code: "cancelled" });
  });
});

test("a new PIN is asked for with its rules, and why the one before was refused", async () => {
  const { ui, sent } = open({ GETPIN: ["S PIN_REPEATED\nD 12345678\nOK\n"] });
  const fault = { kind: "refused" } as const;
  expect((await ui.newPin({ reason: "not_set", minLength: 8, fault })).expose()).toBe("12345678");
  expect(sent("SETDESC", "SETERROR", "SETREPEAT")).toEqual([
    "SETDESC Choose the new PIN of your security key (Key \ufffdb\ufffd): at least 8 characters; letters are allowed.",
    "SETREPEAT Again:",
    "SETERROR The security key refuses this PIN by its own rules: choose another one. It was not set.",
  ]);
});

test.each([
  ["OK\n", true],
  [refusal, false],
])("whether a PIN is set or changed is what the person answers: %j", async (answer, expected) => {
  const { ui } = open({ CONFIRM: [answer] });
  expect(await ui.offerPin()).toBe(expected);
  expect(await ui.confirmPinChange()).toBe(expected);
});

describe("what is waited for", () => {
  test("is shown until it is over, in place of what was shown before", async () => {
    const { asker, ui, sent } = open({ CONFIRM: ["HANG"] });
    asker.announce("Plug it in.");
    await until(() => sent("CONFIRM").length === 1);
    ui.touch("Key");
    await until(() => sent("CONFIRM").length === 2);
    await asker[Symbol.asyncDispose]();
    expect(sent("SETDESC", "SIGINT")).toEqual([
      "SETDESC Plug it in.",
      "SIGINT",
      "SETDESC Touch your security key (Key \ufffdb\ufffd).",
      "SIGINT",
    ]);
    expect(asker.cancelled.aborted).toBe(false);
  });

  test("is cancelled by its button", async () => {
    const { asker, ui } = open({});
    ui.touch("Key");
    await until(() => asker.cancelled.aborted);
    expect(asker.cancelled.reason).toMatchObject({ code: "cancelled" });
  });

  test("goes on where the program cannot show it", async () => {
    const { asker, ui, sent } = open({ CONFIRM: ["ERR 83918950 Inappropriate ioctl for device <Pinentry>\n"] });
    ui.touch("Key");
    await until(() => sent("CONFIRM").length === 1);
    await asker[Symbol.asyncDispose]();
    expect(asker.cancelled.aborted).toBe(false);
  });
});

describe("the finger", () => {
  const finger = { product: "Key", pinPossible: true, wrong: false, retries: undefined };

  test("can be replaced by the PIN", async () => {
    const { asker, ui } = open({});
    expect(await ui.fingerprint(finger, new AbortController().signal)).toBe(true);
    expect(asker.cancelled.aborted).toBe(false);
  });

  test.each([refusal, cancellation])("is not waited for after Cancel: %j", async (answer) => {
    const { asker, ui } = open({ CONFIRM: [answer] });
    expect(await ui.fingerprint(finger, new AbortController().signal)).toBe(false);
    expect(asker.cancelled.aborted).toBe(true);
  });

  test("ends its dialogue when it has come", async () => {
    const { asker, ui, sent } = open({ CONFIRM: ["HANG"] });
    const over = new AbortController();
    const asked = ui.fingerprint({ ...finger, wrong: true, retries: 2 }, over.signal);
    await until(() => sent("CONFIRM").length === 1);
    over.abort();
    expect(await asked).toBe(false);
    expect(asker.cancelled.aborted).toBe(false);
    expect(sent("SETDESC")).toEqual([
      expect.stringContaining("not recognised. 2 tries are left. Touch the fingerprint"),
    ]);
  });
});
