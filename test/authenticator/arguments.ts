/** The command line of the software security key: every setting as an option. */
import { parseArgs } from "node:util";
import { readFault } from "./hid/faults.ts";
import type { Settings } from "./settings.ts";

/** Reads `--socket PATH [--pin 123456] [--protocols 1,2] …`; throws a TypeError for anything else. */
export function readArguments(args: string[]): Partial<Settings> & { socketPath: string } {
  const { values } = parseArgs({
    args,
    options: {
      socket: { type: "string" },
      pin: { type: "string" },
      product: { type: "string" },
      aaguid: { type: "string" },
      protocols: { type: "string" },
      ctap: { type: "string" },
      fingerprint: { type: "string" },
      touch: { type: "string" },
      "touch-delay": { type: "string" },
      "touch-timeout": { type: "string" },
      "min-pin-length": { type: "string" },
      capacity: { type: "string" },
      "max-msg-size": { type: "string" },
      "max-credential-count-in-list": { type: "string" },
      "preferred-platform-uv-attempts": { type: "string" },
      "force-pin-change": { type: "boolean" },
      "force-pin-change-status": { type: "string" },
      "hides-force-pin-change": { type: "boolean" },
      "forgets-wrong-pins": { type: "boolean" },
      "pin-complexity-policy": { type: "boolean" },
      "no-mc-ga-permissions-with-client-pin": { type: "boolean" },
      display: { type: "boolean" },
      "always-uv": { type: "boolean" },
      "make-cred-uv-not-rqd": { type: "boolean" },
      fault: { type: "string" },
    },
  });
  if (values.socket === undefined) throw new TypeError("expected --socket PATH");
  const given = {
    pin: values.pin,
    product: values.product,
    aaguid: values.aaguid === undefined ? undefined : Uint8Array.fromHex(values.aaguid),
    protocols: values.protocols?.split(",").map(Number),
    ctap: values.ctap,
    fingerprint: values.fingerprint,
    touch: values.touch,
    touchDelayMs: integer(values["touch-delay"]),
    touchTimeoutMs: integer(values["touch-timeout"]),
    minPINLength: integer(values["min-pin-length"]),
    capacity: integer(values.capacity),
    maxMsgSize: integer(values["max-msg-size"]),
    maxCredentialCountInList: integer(values["max-credential-count-in-list"]),
    preferredPlatformUvAttempts: integer(values["preferred-platform-uv-attempts"]),
    pinComplexityPolicy: values["pin-complexity-policy"],
    noMcGaPermissionsWithClientPin: values["no-mc-ga-permissions-with-client-pin"],
    display: values.display,
    forcePINChange: values["force-pin-change"],
    forcePINChangeStatus: values["force-pin-change-status"],
    hidesForcePINChange: values["hides-force-pin-change"],
    forgetsWrongPins: values["forgets-wrong-pins"],
    alwaysUv: values["always-uv"],
    makeCredUvNotRqd: values["make-cred-uv-not-rqd"],
    fault: values.fault === undefined ? undefined : readFault(values.fault),
  };
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(settings as Partial<Settings>), socketPath: values.socket };
}

function integer(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number.parseInt(text, 10);
}
