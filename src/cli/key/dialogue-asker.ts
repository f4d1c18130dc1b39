/** Asks by dialogues of pinentry. What is waited for (a touch) is shown in one, too, until it is over. */
import { pinFault } from "../../fido/ctap2/pin.ts";
import type { KeySelectionOptions } from "../../fido/hid/key-selection.ts";
import type { CeremonyUi, FingerprintRequest, NewPinRequest, PinRequest } from "../../fido/webauthn/ceremony-ui.ts";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { Limits } from "../pinentry/connection.ts";
import type { Dialogue, Pinentry } from "../pinentry/dialogue.ts";
import { quoted } from "../pinentry/quoted.ts";
import { note, success } from "../terminal/terminal.ts";
import type { Asker } from "./asker.ts";
import { faultText, pinNotices, wrongFinger } from "./pin-words.ts";
import { announcements } from "./waiting-prompts.ts";

/** As on a terminal. */
const answerTimeoutMs = 5 * 60_000;
/** A dialogue that only shows what is waited for ends with that. */
const shownMs = 15 * 60_000;

export class DialogueAsker implements Asker {
  readonly #pinentry: Pinentry;
  readonly #cancelled = new AbortController();
  readonly #signal: AbortSignal;
  #shown: { close: AbortController; closed: Promise<void> } | undefined;

  constructor(pinentry: Pinentry, interrupted: AbortSignal) {
    this.#pinentry = pinentry;
    this.#signal = AbortSignal.any([interrupted, this.#cancelled.signal]);
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  get selection(): KeySelectionOptions {
    return announcements((line) => this.announce(line));
  }

  /** Shows the lines in a dialogue with a button that cancels, in place of the one before, and on stderr. */
  announce(...lines: string[]): void {
    for (const line of lines) note(line);
    const before = this.#close();
    const close = new AbortController();
    const closed = before.then(() => this.#show(lines.join(" "), close.signal));
    this.#shown = { close, closed };
  }

  prompts(product: string): CeremonyUi {
    const name = quoted(product);
    return {
      pin: (request) => this.#pin(name, request),
      offerPin: () =>
        this.#confirm({
          title: "new PIN",
          description: `The security key (${name}) has no PIN yet, and Vouch accepts no key without one.`,
          ok: "Set a PIN",
          cancel: "Cancel",
        }),
      newPin: (request) => this.#newPin(name, request),
      confirmPinChange: () =>
        this.#confirm({
          title: "new PIN",
          description: `The security key (${name}) demands a new PIN before it is used, and shows no credential of the Vouch server until then.`,
          ok: "Change its PIN",
          cancel: "Cancel",
        }),
      newPinSet: (reason) => success(reason === "not_set" ? "The PIN is set." : "The PIN is changed."),
      touch: () => this.announce(`Touch your security key (${name}).`),
      fingerprint: (request, over) => this.#fingerprint(name, request, over),
      notStored: (_, reason) => {
        const why = reason === "full" ? "has no room for another credential" : "cannot store credentials";
        note(
          `The security key (${product}) ${why}: this credential works only on machines whose settings have its id.`,
        );
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #pin(name: string, request: PinRequest): Promise<Secret> {
    const notices = pinNotices(name, request);
    for (let fault: string | undefined; ;) {
      const pin = await this.#ask((limits) =>
        this.#pinentry.pin(
          {
            title: "PIN",
            description: `Vouch asks for the PIN of your security key (${name}).`,
            prompt: "PIN:",
            error: fault ?? (notices.length > 0 ? notices.join(" ") : undefined),
            ok: "OK",
            cancel: "Cancel",
          },
          limits,
        ),
      );
      const found = pinFault(pin, request.minLength);
      if (found === undefined) return pin;
      fault = `${faultText(found)} It was not sent to the key.`;
    }
  }

  #newPin(name: string, { minLength, fault }: NewPinRequest): Promise<Secret> {
    return this.#ask((limits) =>
      this.#pinentry.pin(
        {
          title: "new PIN",
          description: `Choose the new PIN of your security key (${name}): at least ${minLength} characters; letters are allowed.`,
          prompt: "New PIN:",
          error: fault === undefined ? undefined : `${faultText(fault)} It was not set.`,
          repeat: { prompt: "Again:", error: "The two PINs differ. Nothing was set." },
          ok: "OK",
          cancel: "Cancel",
        },
        limits,
      ),
    );
  }

  async #fingerprint(name: string, request: FingerprintRequest, over: AbortSignal): Promise<boolean> {
    const { pinPossible, wrong, retries } = request;
    const touch = `Touch the fingerprint sensor of your security key (${name}).`;
    const line = wrong ? `${wrongFinger(retries)} ${touch}` : touch;
    if (!pinPossible) {
      this.announce(line);
      return false;
    }
    note(line);
    await this.#close();
    const signal = AbortSignal.any([this.#signal, over]);
    const dialogue = { title: "fingerprint", description: line, ok: "Type the PIN", cancel: "Cancel" };
    try {
      if (await this.#pinentry.confirm(dialogue, { timeoutMs: shownMs, signal })) return true;
      this.#cancel();
    } catch {
      if (!signal.aborted) this.#cancel();
    }
    return false;
  }

  #confirm(dialogue: Dialogue): Promise<boolean> {
    return this.#ask((limits) => this.#pinentry.confirm(dialogue, limits));
  }

  async #ask<T>(ask: (limits: Limits) => Promise<T>): Promise<T> {
    await this.#close();
    return ask({ timeoutMs: answerTimeoutMs, signal: this.#signal });
  }

  async #show(line: string, closing: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([closing, this.#signal]);
    if (signal.aborted) return;
    try {
      const dialogue = { title: "security key", description: quoted(line), button: "Cancel" };
      await this.#pinentry.show(dialogue, { timeoutMs: shownMs, signal });
      this.#cancel();
    } catch {
      // Nothing depends on what is shown: stderr has it, and the key's light.
    }
  }

  async #close(): Promise<void> {
    const shown = this.#shown;
    this.#shown = undefined;
    shown?.close.abort();
    await shown?.closed;
  }

  #cancel(): void {
    this.#cancelled.abort(new VouchError("cancelled", "Cancelled."));
  }
}
