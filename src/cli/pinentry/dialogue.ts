/** Asks a person by pinentry: for a PIN, for a yes or no, or shows what is waited for. Each dialogue is a process. */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { gpgTty, type PinentryProgram } from "../../base/system/pinentry-program.ts";
import { type Answer, type Limits, PinentryConnection } from "./connection.ts";
import { refused } from "./lines.ts";

export interface Dialogue {
  /** What it is about, behind "Vouch: " in the title of its window. */
  title: string;
  /** Text of our own; what others chose in it has passed `quoted`. */
  description: string;
  ok: string;
  cancel: string;
  /** Above the description, in red where there are colours. */
  error?: string | undefined;
}

export interface PinDialogue extends Dialogue {
  prompt: string;
  /** Asks for the same twice: the prompt of the second, and what is said when the two differ. */
  repeat?: { prompt: string; error: string } | undefined;
}

/** How long a program may take to start and to answer a setting. */
const settingMs = 20_000;
/** Added to the time that the program is given, so that it ends the dialogue itself and restores a terminal. */
const marginMs = 5_000;

/** The error codes of libgpg-error that a dialogue ends with. */
const [GPG_ERR_TIMEOUT, GPG_ERR_CANCELED, GPG_ERR_NOT_CONFIRMED, GPG_ERR_FULLY_CANCELED] = [62, 99, 114, 198];
/** Cut off the source of an error. */
const errorMask = 0xffff;

export class Pinentry {
  readonly #program: PinentryProgram;
  readonly #env: Environment;

  constructor(program: PinentryProgram, env: Environment) {
    this.#program = program;
    this.#env = env;
  }

  /**
   * Asks for a PIN. Throws `cancelled` (also after `timeoutMs`), `usage` if the program cannot ask (no display), and as
   * `PinentryConnection`.
   */
  async pin(dialogue: PinDialogue, limits: Limits): Promise<Secret> {
    const { prompt, repeat } = dialogue;
    const more: [string, string][] = [["SETPROMPT", prompt]];
    if (repeat !== undefined) more.push(["SETREPEAT", repeat.prompt], ["SETREPEATERROR", repeat.error]);
    const { data, statuses } = this.#checked(await this.#show("GETPIN", dialogue, more, limits), limits);
    const pin = decoded(data);
    // A program that knows no second field asks once.
    if (repeat === undefined || statuses.includes("PIN_REPEATED")) return pin;
    const again = await this.pin({ ...dialogue, prompt: repeat.prompt, error: undefined, repeat: undefined }, limits);
    if (again.expose() === pin.expose()) return pin;
    return this.pin({ ...dialogue, error: repeat.error }, limits);
  }

  /** Asks for a yes or no. Throws as `pin`. */
  async confirm(dialogue: Dialogue, limits: Limits): Promise<boolean> {
    const answer = await this.#show("CONFIRM", dialogue, [], limits);
    if (answer.error !== undefined && (answer.error.code & errorMask) === GPG_ERR_NOT_CONFIRMED) return false;
    this.#checked(answer, limits);
    return true;
  }

  /** Shows the text with one button until it is pressed or the signal is aborted. Throws as `pin`. */
  async show(
    { title, description, button }: { title: string; description: string; button: string },
    limits: Limits,
  ): Promise<void> {
    const dialogue = { title, description, ok: button, cancel: button };
    this.#checked(await this.#show("CONFIRM --one-button", dialogue, [], limits), limits);
  }

  async #show(
    command: string,
    { title, description, ok, cancel, error }: Dialogue,
    more: [string, string][],
    { timeoutMs, signal }: Limits,
  ): Promise<Answer> {
    const args = this.#env["DISPLAY"] ? ["--display", this.#env["DISPLAY"]] : [];
    const connection = new PinentryConnection(this.#program.file, args, this.#env);
    const setting = { timeoutMs: settingMs, signal };
    try {
      await connection.greeting(setting);
      // As gpg-agent, goes on without an option that the program does not know.
      for (const option of this.#options()) await connection.send("OPTION", option, setting);
      const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
      const settings: [string, string][] = [
        ["SETTITLE", `Vouch: ${title}`],
        ["SETDESC", description],
        ["SETOK", ok],
        ["SETCANCEL", cancel],
        ...more,
        ...(error === undefined ? [] : [["SETERROR", error] satisfies [string, string]]),
      ];
      for (const [name, value] of settings) {
        const answer = await connection.send(name, value, setting);
        if (answer.error !== undefined && (name === "SETDESC" || name === "SETERROR")) this.#checked(answer, setting);
      }
      await connection.send("SETTIMEOUT", String(seconds), setting);
      return await connection.send(command, undefined, { timeoutMs: seconds * 1000 + marginMs, signal });
    } finally {
      await connection.end();
    }
  }

  *#options(): Generator<string> {
    const env = this.#env;
    const tty = gpgTty(env);
    const locale = (category: string) => env["LC_ALL"] || env[category] || env["LANG"];
    const ofTerminal = tty === undefined ? {} : { ttyname: tty, ttytype: env["TERM"] };
    const options = {
      ...ofTerminal,
      display: env["DISPLAY"],
      "lc-ctype": locale("LC_CTYPE"),
      "lc-messages": locale("LC_MESSAGES"),
    };
    yield this.#program.grabs ? "grab" : "no-grab";
    for (const [name, value] of Object.entries(options)) {
      if (value !== undefined && value !== "" && value.length <= 256) yield `${name}=${value}`;
    }
  }

  /** The answer, if it is no error. */
  #checked(answer: Answer, { timeoutMs }: Limits): Answer {
    if (answer.error === undefined) return answer;
    const { code, text } = answer.error;
    switch (code & errorMask) {
      case GPG_ERR_CANCELED:
      case GPG_ERR_FULLY_CANCELED:
      case GPG_ERR_NOT_CONFIRMED:
        throw new VouchError("cancelled", "Cancelled.");
      case GPG_ERR_TIMEOUT:
        throw new VouchError("cancelled", `No answer within ${Math.ceil(timeoutMs / 1000)} seconds.`);
      default:
        throw new VouchError(
          "usage",
          `This needs a terminal to ask on, there is none, and ${this.#program.file} cannot ask: ${text.slice(0, 100)} (${code}).`,
          {
            hint: "Run it in a terminal window (with ssh: `ssh -t`; in a container: `docker run -it`), or mend DISPLAY, GPG_TTY or gpg-agent.conf.",
          },
        );
    }
  }
}

/** The PIN; the bytes are zeroed. Throws `protocol_error` for what is not UTF-8. */
function decoded(data: Uint8Array): Secret {
  try {
    return new Secret(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data));
  } catch {
    throw refused("a PIN that is not UTF-8");
  } finally {
    data.fill(0);
  }
}
