import { expect, test } from "bun:test";
import { absentKey, keyFinding } from "../../../../../src/cli/commands/doctor/machine/security-keys.ts";
import { VouchError } from "../../../../../src/base/errors.ts";
import type { VerificationState } from "../../../../../src/fido/hid/keys.ts";
import { makeMachine } from "../machine.ts";

const fine: VerificationState = {
  pin: "set",
  pinRetries: 8,
  powerCycleState: false,
  forcePINChange: false,
  builtIn: "absent",
};

test.each<[Partial<VerificationState>, "ok" | "warn" | "fail", string, RegExp | undefined]>([
  [{}, "ok", "Key is plugged in and answers; its PIN is set, 8 tries are left.", undefined],
  [{ pinRetries: 4 }, "ok", "Key is plugged in and answers; its PIN is set, 4 tries are left.", undefined],
  [{ pinRetries: 3 }, "warn", "Key is plugged in and answers; 3 tries are left for its PIN.", /right one/],
  [{ pinRetries: 1 }, "warn", "Key is plugged in and answers; one try is left for its PIN.", /right one/],
  [
    { pinRetries: 0 },
    "fail",
    "Key: The PIN of this security key is blocked after too many wrong ones.",
    /another enrolled security key/,
  ],
  [
    { powerCycleState: true, pinRetries: 5 },
    "fail",
    "Key: The security key takes no more PINs after three wrong ones in a row.",
    /plug it in again/,
  ],
  [{ forcePINChange: true }, "warn", "Key is plugged in and answers; it demands a new PIN.", /vouch login/],
  [{ builtIn: "blocked" }, "warn", "Key is plugged in and answers; its fingerprint sensor is blocked.", /Type the PIN/],
  [
    { pin: "absent", builtIn: "blocked" },
    "warn",
    "Key is plugged in and answers; its fingerprint sensor is blocked.",
    /Set a PIN/,
  ],
  [{ pin: "not_set" }, "ok", "Key is plugged in and answers; it has no PIN yet, `vouch enroll` sets one.", undefined],
  [{ pin: "not_set", builtIn: "usable" }, "ok", "Key is plugged in and answers; it knows your finger.", undefined],
  [{ pin: "absent" }, "fail", "Key cannot verify its user.", /FIDO2/],
])("the doctor says of a key in the state %p: %s", (state, status, found, remedy) => {
  const finding = keyFinding({ product: "Key", state: { ...fine, ...state } });
  expect(finding).toMatchObject({ check: "security-key", status, found });
  if (remedy !== undefined) expect(finding.remedy).toMatch(remedy);
});

test("the doctor warns of an absent key only where a login needs it", () => {
  const machine = makeMachine();
  expect(absentKey(machine)).toMatchObject({ check: "security-key", status: "ok" });
  expect(absentKey(machine).found).toContain("none is needed until the next login");
  const without = { ...machine, agent: { ...machine.agent!, session: undefined } } as unknown as typeof machine;
  for (const each of [without, { ...machine, agent: undefined }]) {
    expect(absentKey(each)).toMatchObject({ check: "security-key", status: "warn" });
  }
});

test("the doctor says of a key that cannot be opened why, and what helps", () => {
  const error = new VouchError("security_key_busy", "Key is busy.", { hint: "Wait." });
  expect(keyFinding({ product: "Key", error })).toEqual({
    check: "security-key",
    status: "fail",
    found: "Key is busy.",
    remedy: "Wait.",
  });
});
