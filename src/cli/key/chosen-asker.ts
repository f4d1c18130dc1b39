/** Chooses how the person is asked: on the terminal, else by dialogues of their pinentry. */
import { hasTerminal } from "../../base/process/controlling-terminal.ts";
import { findPinentry } from "../../base/system/pinentry-program.ts";
import { Pinentry } from "../pinentry/dialogue.ts";
import { announce } from "../terminal/prompt.ts";
import type { Asker } from "./asker.ts";
import { ceremonyPrompts } from "./ceremony-prompts.ts";
import { DialogueAsker } from "./dialogue-asker.ts";
import type { TouchNotification } from "./touch-notification.ts";
import { selectionAnnouncements } from "./waiting-prompts.ts";

/** `notification` is for whoever does not see the terminal. */
function terminalAsker(notification: TouchNotification): Asker {
  return {
    cancelled: new AbortController().signal,
    selection: {
      ...selectionAnnouncements,
      onSelect(products) {
        selectionAnnouncements.onSelect(products);
        notification.awaited(products.join(", "));
      },
    },
    prompts: (product) => ceremonyPrompts(product, notification),
    announce: (...lines) => lines.forEach((line) => announce(line)),
    async [Symbol.asyncDispose]() {},
  };
}

/** The user's pinentry, if there is no terminal. */
export function pinentryWithoutTerminal(): Pinentry | undefined {
  if (hasTerminal()) return undefined;
  const program = findPinentry(process.env);
  return program && new Pinentry(program, process.env);
}

/** Returns the asker; with neither terminal nor pinentry its prompts throw `usage`. */
export function chooseAsker(interrupted: AbortSignal, notification: TouchNotification): Asker {
  const pinentry = pinentryWithoutTerminal();
  return pinentry === undefined ? terminalAsker(notification) : new DialogueAsker(pinentry, interrupted);
}
