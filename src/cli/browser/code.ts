/** A login in the browser, as the command line carries it out: it opens the page, and carries the code to the agent. */
import { isatty } from "node:tty";
import type { Reply, routes } from "../../agent/protocol.ts";
import { VouchError } from "../../base/errors.ts";
import { usage } from "../framework/arguments.ts";
import { untilInterrupted } from "../terminal/interrupt.ts";
import { readCode } from "../terminal/prompt.ts";
import { note, warn } from "../terminal/terminal.ts";
import { listenOnLoopback } from "./loopback.ts";
import { browserOpener, openPage } from "./open.ts";

type Begun = Reply<typeof routes.loginBrowserStart>;
type Finished = Reply<typeof routes.loginBrowserFinish>;

/** The agent, which holds the keys of the login. */
interface Login {
  /** `redirectUri`: where the code comes; undefined if it is typed. */
  begin(redirectUri: string | undefined): Promise<Begun>;
  finish(ceremony: string, code: string): Promise<Finished>;
}

/**
 * Has the person log in at the server's page: in a browser that is opened here and brings the code, or, with `opens` false
 * and where no browser can be opened, in any, whose code is asked for. Throws as `Login`, `Loopback.code` and `readCode`.
 */
export async function codeFromBrowser(
  { timeoutSeconds, opens }: { timeoutSeconds: number; opens: boolean },
  login: Login,
): Promise<Finished> {
  const program = opens ? browserOpener(process.env) : undefined;
  return program === undefined ? await typed(login) : await carried(program, timeoutSeconds, login);
}

/** Codes that a person may type, as many as the agent takes. */
const maxCodes = 3;

async function typed(login: Login): Promise<Finished> {
  const { ceremony, url } = await login.begin(undefined);
  note("Open this page in a browser, on any machine where your key is:");
  note(url);
  note("It shows a code. Type it only here, where you began, and give it to nobody.");
  for (let left = maxCodes - 1; ; left--) {
    const code = await typedCode();
    try {
      return await login.finish(ceremony, code);
    } catch (error) {
      const { code: why, message } = VouchError.from(error);
      if (why !== "login_denied" || left === 0 || !isatty(0)) throw error;
      warn(message);
      note("Compare it with the page, and type it again; `vouch login --browser --no-open` begins anew.");
    }
  }
}

/** Asks again for what is no code. Throws as `readCode`, and `usage` for what came by a pipe. */
async function typedCode(): Promise<string> {
  for (;;) {
    const code = await readCode("Code of the page");
    if (/^[\w -]{1,64}$/.test(code)) return code;
    const words = "Expected the code as the page shows it";
    if (!isatty(0)) throw usage(`${words}.`, "vouch login");
    note(`${words}. Ctrl-C ends.`);
  }
}

async function carried(program: string, timeoutSeconds: number, login: Login): Promise<Finished> {
  const loopback = listenOnLoopback();
  try {
    const { ceremony, url, state, server } = await login.begin(loopback.redirectUri);
    if (state === undefined) throw new VouchError("protocol_error", "The agent began a login without a state.");
    const isOpen = openPage(program, url, process.env);
    note(
      isOpen
        ? "Log in in the browser. If no page opens, this is its address:"
        : "Open this page in a browser of this machine:",
    );
    note(url);
    const expected = { state, issuer: server };
    const code = await untilInterrupted((signal) => loopback.code(expected, timeoutSeconds, signal));
    try {
      const finished = await login.finish(ceremony, code);
      loopback.tell("You are logged in. You can close this page.");
      return finished;
    } catch (error) {
      loopback.tell("The login did not succeed: the terminal says why. You can close this page.");
      throw error;
    }
  } finally {
    await loopback.stop();
  }
}
