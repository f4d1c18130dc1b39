/** Checks of the plugged-in security keys: can they be opened, and the state of their PINs and fingerprint sensors. */
import { hasSession } from "../../chosen-server.ts";
import { CtapError } from "../../../../fido/ctap2/status.ts";
import { type ProbedKey, probeSecurityKeys } from "../../../../fido/hid/keys.ts";
import { modelOf } from "../../../../fido/webauthn/authenticator-model.ts";
import { failure, type Finding, findingOf, type Machine, ok, warning } from "../../../../tools/checks/finding.ts";

/** Returns findings on each key. Opens each, as listing needs no permission but opening does; needs no touch. */
export async function checkSecurityKeys(machine: Machine): Promise<Finding[]> {
  try {
    const keys = await probeSecurityKeys(modelOf);
    return keys.length === 0 ? [absentKey(machine)] : keys.map(keyFinding);
  } catch (error) {
    return [findingOf("security-key", error)];
  }
}

/** The finding where no key is plugged in: with a session none is needed. */
export function absentKey({ agent, settings }: Machine): Finding {
  const said = "No security key is plugged in";
  if (hasSession(agent, settings)) return ok("security-key", `${said}: none is needed until the next login.`);
  return warning("security-key", `${said}.`, "Plug it in before `vouch login`.");
}

/** Warn at this many PIN retries or fewer; a correct PIN resets them to eight (CTAP 2.1 section 6.5.5.2). */
const fewTries = 3;

/** Returns the finding on one key. */
export function keyFinding({ product, error, state }: ProbedKey): Finding {
  const check = "security-key";
  if (error !== undefined || state === undefined) return findingOf(check, error);
  const { pin, pinRetries = 0, powerCycleState, forcePINChange, builtIn } = state;
  const answers = `${product} is plugged in and answers`;
  if (pin === "set" && pinRetries <= 0) return stopped(product, "PIN_BLOCKED");
  if (pin === "set" && powerCycleState === true) return stopped(product, "PIN_AUTH_BLOCKED");
  if (pin === "set" && forcePINChange) {
    return warning(
      check,
      `${answers}; it demands a new PIN.`,
      "Change it: `vouch keys pin`; `vouch login` and `vouch enroll` do so on the way.",
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
        : "Set a PIN: `vouch keys pin`.";
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
