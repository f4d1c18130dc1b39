/** The machine: the agent's folder, the security key, the clock. */
import { lstat } from "../../agent/client.ts";
import { agentFolder, checkAgentFolder } from "../../agent/socket.ts";
import { VouchError } from "../../errors.ts";
import { CtapError } from "../../ctap2/status.ts";
import { type ProbedKey, probeSecurityKeys } from "../../hid/keys.ts";
import { httpRequest } from "../../http.ts";
import { modelOf } from "../../webauthn/authenticator-model.ts";
import { failure, type Finding, ok, type Patient, warning } from "./finding.ts";

/** The server accepts the agent's proofs (DPoP, RFC 9449) within a minute of its own clock. In seconds. */
const clockLimit = 60;
const clockWarning = 20;

/** Findings on what Vouch needs of the machine. Asks the Vouch server for the time. */
export async function checkMachine(patient: Patient): Promise<Finding[]> {
  return [await checkFolder(patient), ...(await checkSecurityKeys()), ...(await checkClock(patient))];
}

async function checkFolder({ env }: Patient): Promise<Finding> {
  const folder = agentFolder(lstat, env);
  try {
    checkAgentFolder(lstat, folder);
    return ok("agent-folder", `The agent's folder is ${folder}.`);
  } catch (error) {
    return fromError("agent-folder", error);
  }
}

/** Listing keys needs no permission, opening them does: each is opened, and nobody has to touch it. */
async function checkSecurityKeys(): Promise<Finding[]> {
  try {
    const keys = await probeSecurityKeys(modelOf);
    if (keys.length === 0) {
      return [warning("security-key", "No security key is plugged in.", "Plug it in before `vouch login`.")];
    }
    return keys.map(keyFinding);
  } catch (error) {
    return [fromError("security-key", error)];
  }
}

/** A key has eight tries when the right PIN was typed last (CTAP 2.1 section 6.5.5.2). */
const fewTries = 3;

/** What is said of one key. */
export function keyFinding({ product, error, state }: ProbedKey): Finding {
  const check = "security-key";
  if (error !== undefined || state === undefined) return fromError(check, error);
  const { pin, pinRetries = 0, powerCycleState, forcePINChange, builtIn } = state;
  const answers = `${product} is plugged in and answers`;
  if (pin === "set" && pinRetries <= 0) return stopped(product, "PIN_BLOCKED");
  if (pin === "set" && powerCycleState === true) return stopped(product, "PIN_AUTH_BLOCKED");
  if (pin === "set" && forcePINChange) {
    return warning(
      check,
      `${answers}; it demands a new PIN.`,
      "`vouch login` and `vouch enroll` change it on the way.",
    );
  }
  const left = pinRetries === 1 ? "one try is left" : `${pinRetries} tries are left`;
  if (pin === "set" && pinRetries <= fewTries) {
    return warning(check, `${answers}; ${left} for its PIN.`, "Type the right one: it brings back all tries.");
  }
  if (builtIn === "blocked") {
    const remedy =
      pin === "set"
        ? "Type the PIN at the next `vouch login`: it unblocks the sensor."
        : "Set a PIN with the key's own tool.";
    return warning(check, `${answers}; its fingerprint sensor is blocked.`, remedy);
  }
  if (pin === "set") return ok(check, `${answers}; its PIN is set, ${left}.`);
  if (builtIn === "usable") return ok(check, `${answers}; it knows your finger.`);
  if (pin === "not_set") return ok(check, `${answers}; it has no PIN yet, \`vouch enroll\` sets one.`);
  return failure(
    check,
    `${product} cannot verify its user.`,
    "Use a FIDO2 security key that has a PIN or a fingerprint sensor.",
  );
}

function stopped(product: string, status: "PIN_BLOCKED" | "PIN_AUTH_BLOCKED"): Finding {
  const { message, hint } = new CtapError(status);
  return failure("security-key", `${product}: ${message}`, hint ?? "vouch login");
}

async function checkClock({ settings, env }: Patient): Promise<Finding[]> {
  if (!settings.server) return [];
  const url = `${settings.server.url}/.well-known/openid-configuration`;
  try {
    const sent = Date.now();
    const { headers } = await httpRequest({ url, method: "GET", timeoutMs: 5000, caBundle: env["SSL_CERT_FILE"] });
    const date = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(date)) return [ok("server", `${settings.server.url} answers.`)];
    // The header has whole seconds; the request was answered between `sent` and now.
    return [clockFinding(settings.server.url, ((sent + Date.now()) / 2 - date - 500) / 1000)];
  } catch (error) {
    return [fromError("server", error)];
  }
}

/** `offset`: how far this clock is ahead of the server's, in seconds. */
export function clockFinding(server: string, offset: number): Finding {
  const seconds = Math.round(Math.abs(offset));
  const said = `The clock of this machine is ${seconds} seconds ${offset > 0 ? "ahead of" : "behind"} that of ${server}.`;
  const remedy = "Set the clock (Linux: `timedatectl set-ntp true`; macOS: `sudo sntp -sS time.apple.com`).";
  if (seconds >= clockLimit) return failure("clock", said, remedy);
  if (seconds >= clockWarning) return warning("clock", said, remedy);
  return ok("clock", `${server} answers, and the clocks agree.`);
}

function fromError(check: string, error: unknown): Finding {
  const { message, hint } = VouchError.from(error);
  return failure(check, message, hint ?? "vouch login");
}
