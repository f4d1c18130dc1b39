/**
 * `vouch --log-in-first`, which helpers and shims start when there is no session: asks for PIN and touch before anything
 * foreign runs, or says what to do and waits for a login elsewhere.
 */
import * as v from "valibot";
import { askStatus } from "../../agent/wire/client.ts";
import { lookUpMatches } from "../../agent/tokens/lookup.ts";
import { isAutomated } from "../../base/automation.ts";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { loginArgument, loginExit, type LoginRequest } from "../../base/login-need.ts";
import { packageFormats } from "../../base/package-format.ts";
import { hasTerminal } from "../../base/process/controlling-terminal.ts";
import { isInForeground } from "../../base/process/foreground.ts";
import { findPinentry } from "../../base/system/pinentry-program.ts";
import { loadSettings, profilePattern, type Settings } from "../../settings/settings.ts";
import { hasSession } from "../commands/chosen-server.ts";
import { openSession, serverForLogin } from "../commands/open-session.ts";
import { announce } from "../terminal/prompt.ts";
import { success } from "../terminal/terminal.ts";
import { clockTime } from "../terminal/time.ts";
import { askAlone, joinLogin } from "./ask-alone.ts";
import { waitForLogin } from "./wait-for-login.ts";

/** How long the key and the touch are waited for, as `vouch login` does. */
const timeoutSeconds = 60;
const maxBytes = 1 << 20;

const Request = v.strictObject({
  by: v.picklist(["shim", "helper"]),
  name: v.pipe(v.string(), v.maxLength(256)),
  format: v.optional(v.picklist(packageFormats)),
  urls: v.optional(v.array(v.string())),
  readsTerminal: v.boolean(),
  writesTerminal: v.boolean(),
  holder: v.number(),
  profile: v.optional(v.pipe(v.string(), v.regex(profilePattern))),
});

/** Returns an exit code of `loginExit`. Throws `usage`, and as `openSession`. */
export async function logInFirst(): Promise<number> {
  const request = await readRequest();
  const settings = loadSettings();
  const server = serverForLogin(request.profile, settings);
  if (server === undefined || !concernsUs(request, settings)) return loginExit.none;
  // The key is where the agent runs: there its person logs in.
  if ((await askStatus())?.guest !== undefined) return loginExit.none;
  const isLoggedIn = async () => hasSession(await askStatus(), settings, server);
  const way = wayFor(request, settings);
  const joined = way === "ask" || !mayJoin(settings) ? undefined : await joinLogin(isLoggedIn, request.writesTerminal);
  if (joined !== undefined) return joined;
  switch (way) {
    case "ask":
      return askAlone(isLoggedIn, async () => {
        announce(`Not logged in at ${server}. ${request.name} goes on after PIN and touch; Ctrl-C stops it.`);
        const { user, expiration } = await openSession(server, settings, timeoutSeconds);
        success(`Logged in as ${user} until ${clockTime(expiration)}.`);
      });
    case "wait": {
      const command = request.profile === undefined ? "vouch login" : `vouch login --for ${request.profile}`;
      return waitForLogin(request, command, isLoggedIn);
    }
    case "none":
      return loginExit.none;
  }
}

async function readRequest(): Promise<LoginRequest> {
  const text = await Bun.stdin.text();
  const read = v.safeParse(Request, text.length > maxBytes ? undefined : parseJson(text));
  if (read.success) return read.output as LoginRequest;
  throw new VouchError("usage", `${loginArgument} is an argument that the executable gives itself.`, {
    hint: "Leave it out.",
  });
}

/** Whether the person has set up what the session is needed for. */
function concernsUs({ format, urls }: LoginRequest, settings: Settings): boolean {
  if (urls !== undefined) {
    const request = { urls: [...urls], ...(format === undefined ? {} : { format }) };
    return lookUpMatches({ settings: () => settings }, request).configured.includes(true);
  }
  return settings.repositories.some(({ endpoints }) => format === undefined || endpoints[format] !== undefined);
}

/**
 * `terminal`: a shim asks on its terminal, a helper waits, so that nobody learns to type a PIN into what a build prints.
 * `always`: both ask, also in a dialogue. Nobody reads a terminal from the background.
 */
function wayFor({ by, readsTerminal, writesTerminal }: LoginRequest, { login }: Settings): "ask" | "wait" | "none" {
  const prompt = login?.prompt ?? "terminal";
  if (prompt === "never" || isAutomated(process.env)) return "none";
  const always = prompt === "always";
  if (!hasTerminal()) return always && findPinentry(process.env) !== undefined ? "ask" : "none";
  const isSeen = by === "shim" && (readsTerminal || isJobOfMake(process.env)) && writesTerminal;
  if (isInForeground() && (always || isSeen)) return "ask";
  return by === "helper" && writesTerminal ? "wait" : "none";
}

/** Whether to wait for a login that another command of this person asks for. */
function mayJoin({ login }: Settings): boolean {
  return login?.prompt !== "never" && !isAutomated(process.env) && hasTerminal();
}

/** `make -j` leaves the terminal as stdin to one of its jobs: the jobserver's flag says that another stdin is its doing. */
function isJobOfMake({ MAKEFLAGS }: Environment): boolean {
  return /(?:^|\s)--jobserver-(?:auth|fds)=/.test(MAKEFLAGS ?? "");
}
