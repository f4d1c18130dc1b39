/** `vouch keys reset`: deletes everything on a security key. */
import { VouchError } from "../../../base/errors.ts";
import { secondsInWords } from "../../../base/words/duration.ts";
import type { CtapDevice } from "../../../fido/ctap2/device.ts";
import { countSecurityKeys, openSecurityKey } from "../../../fido/hid/keys.ts";
import { isSameKind, type KeyKind, resetKey, resettableKind } from "../../../fido/management/key-reset.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { timeoutArg } from "../../key/ceremony.ts";
import { isTakenOut } from "../../key/security-key.ts";
import { selectionAnnouncements } from "../../key/waiting-prompts.ts";
import { untilInterrupted } from "../../terminal/interrupt.ts";
import { announce, promptText } from "../../terminal/prompt.ts";
import { note, success } from "../../terminal/terminal.ts";
import { writeToTerminal } from "../../terminal/tty.ts";

/** What is typed before anything is deleted. */
const word = "reset";

export const reset = defineCommand({
  meta: {
    name: "reset",
    description: "Delete everything on a security key: every credential of every service, its PIN, its fingerprints.",
  },
  args: { ...timeoutArg },
  teaching: {
    details: [
      "For a key whose PIN is blocked or forgotten, or that somebody else shall have. It deletes what the key holds for every service, not for Vouch alone, and nobody can bring it back. Plug in that key alone. You are asked to type a word; then you take the key out, plug it in again and touch it: keys take a reset only in the first ten seconds (older YubiKeys in the first five) after they are plugged in, so that no program can do it behind your back.",
      "Your Vouch server goes on listing the key until `vouch keys remove` removes it there. To use the key again: `vouch keys pin` sets a PIN, `vouch keys add` or `vouch enroll` makes it known anew. Only on a terminal.",
    ],
    examples: [["vouch keys reset", "Go through it, step by step; nothing happens before the last touch."]],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    if (!writeToTerminal("")) {
      throw new VouchError("usage", "A reset needs a terminal, and there is none.", {
        hint: "Run `vouch keys reset` in a terminal window, on the machine that the key is plugged into.",
      });
    }
    const product = await untilInterrupted((signal) => guide(signal, timeoutSeconds * 1000));
    success(`${product} is reset: it holds no credential, no PIN and no fingerprint.`);
    note("If it was enrolled, your Vouch server still lists it: `vouch keys remove` removes it there.");
    note("To use it again: `vouch keys pin`, then `vouch keys add`, or `vouch enroll` with a new code.");
  },
});

/** Leads through the reset; returns the key's name. */
async function guide(signal: AbortSignal, timeoutMs: number): Promise<string> {
  await requireOne();
  const before = await openSecurityKey({ signal, timeoutMs, ...selectionAnnouncements });
  const { product } = before;
  let kind: KeyKind;
  try {
    await requireOne();
    kind = await resettableKind(before, signal);
    await askForWord(product);
    announce(`Take it out now (${product}). Waiting for ${secondsInWords(timeoutMs)}…`);
    if (!(await isTakenOut(before, signal, timeoutMs))) throw notTakenOut(product);
  } finally {
    await before.close();
  }
  announce(
    `Plug it in again, and touch it as soon as it blinks: there are ten seconds for it. Waiting for ${secondsInWords(timeoutMs)}…`,
  );
  const device = await openSecurityKey({ signal, timeoutMs, ...selectionAnnouncements, onWaiting: () => {} });
  try {
    await resetAgain(device, kind, signal, timeoutMs);
  } finally {
    await device.close();
  }
  return product;
}

async function resetAgain(device: CtapDevice, kind: KeyKind, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const { product } = device;
  await requireOne();
  if (!isSameKind(kind, await resettableKind(device, signal))) {
    throw new VouchError("security_key_error", `${product} is another security key. Nothing was deleted.`, {
      hint: "Run `vouch keys reset` again, with one key and no other.",
    });
  }
  await resetKey({
    device,
    signal,
    timeoutMs,
    onTouch: (long) =>
      announce(
        long
          ? `Touch your security key (${product}) and keep your finger on it until it stops blinking: that deletes everything on it.`
          : `Touch your security key (${product}): that deletes everything on it.`,
      ),
  });
}

/** No key can be told from another of its model, so none but the one that is meant may be there. */
async function requireOne(): Promise<void> {
  const count = await countSecurityKeys();
  if (count < 2) return;
  throw new VouchError("usage", `${count} security keys are plugged in, and a reset deletes everything on one.`, {
    hint: "Take out all but the key that shall be reset, then run `vouch keys reset` again.",
  });
}

async function askForWord(product: string): Promise<void> {
  announce(
    `A reset of ${product} deletes EVERY credential of EVERY service on it, its PIN and its fingerprints. Nobody can bring them back.`,
  );
  const typed = await promptText(`Type the word ${word} to go on`);
  if (typed.toLowerCase() !== word) throw new VouchError("cancelled", "Nothing was deleted.");
}

function notTakenOut(product: string): VouchError {
  return new VouchError("security_key_error", `${product} was not taken out. Nothing was deleted.`, {
    hint: "Run `vouch keys reset` again and take the key out when it says so; --timeout gives more time.",
  });
}
