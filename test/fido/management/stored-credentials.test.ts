/** The credentials on software keys of every kind, listed and deleted as `vouch keys clean` does. */
import { describe, expect, test } from "bun:test";
import { StoredCredentials } from "../../../src/fido/management/stored-credentials.ts";
import { allEnumerationLies } from "../../authenticator/ctap2/management/lies.ts";
import { plugIn, type PluggedIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { type Person, person } from "../webauthn/person.ts";

const pin = "123456";
const rpId = "vouch.example.com";
const signal = new AbortController().signal;

/** A key with three credentials of Vouch and one of another service. */
async function filled(settings: Partial<Settings> = {}): Promise<PluggedIn> {
  const plugged = await plugIn({ pin, ...settings });
  for (const [rp, id] of [
    [rpId, 1],
    [rpId, 2],
    ["other.example", 3],
    [rpId, 4],
  ] as const) {
    const user = { id: Uint8Array.of(id), name: `user ${id}`, displayName: undefined };
    plugged.key.ctap2.credentials.create(rp, user, true, 2);
  }
  return plugged;
}

async function open(plugged: PluggedIn, ui: Person = person([pin])): Promise<StoredCredentials> {
  return StoredCredentials.open({ device: await plugged.open(), ui, signal, timeoutMs: 60_000 });
}

const names = (list: readonly { user: { name: string | undefined } }[]) => list.map(({ user }) => user.name);

test.each<[string, Partial<Settings>]>([
  ["of CTAP 2.1", {}],
  ["of CTAP 2.1, with protocol one", { protocols: [1] }],
  ["of CTAP 2.3", { ctap: "2.3" }],
  ["with the prototype of the command", { ctap: "2.1-pre", protocols: [1] }],
  ["whose PIN is not for logins", { noMcGaPermissionsWithClientPin: true }],
  ["that always verifies its user", { alwaysUv: true }],
  ["that does not recognise the finger", { fingerprint: "fails" }],
  ["whose sensor the prototype cannot use", { ctap: "2.1-pre", protocols: [1], fingerprint: "matches" }],
])("a key %s lists the credentials of one relying party after one PIN, and deletes one", async (_, settings) => {
  await using plugged = await filled(settings);
  const ui = person([pin]);
  using stored = await open(plugged, ui);
  const found = await stored.list(rpId);
  expect(names(found)).toEqual(["user 4", "user 2", "user 1"]);
  expect(await stored.list("nobody.example")).toEqual([]);
  await stored.delete(rpId, [found[1]!]);
  expect(names(await stored.list(rpId))).toEqual(["user 4", "user 1"]);
  expect(names(plugged.key.ctap2.credentials.all)).toEqual(["user 1", "user 3", "user 4"]);
  expect(ui.pinRequests).toHaveLength(1);
});

test("a finger stands for the PIN", async () => {
  await using plugged = await filled({ fingerprint: "matches" });
  const ui = person([]);
  using stored = await open(plugged, ui);
  expect(await stored.list(rpId)).toHaveLength(3);
  expect([ui.pinRequests.length, ui.fingerprintRequests.length]).toEqual([0, 1]);
});

test("a token is for one relying party, and nothing of another is deleted with it", async () => {
  await using plugged = await filled();
  using stored = await open(plugged);
  const [others] = await stored.list("other.example");
  expect(await rejection(stored.delete(rpId, [others!]))).toMatchObject({ code: "user_verification_failed" });
  expect(plugged.key.ctap2.credentials.all).toHaveLength(4);
});

test("a credential that is gone already is no error, and the others are deleted", async () => {
  await using plugged = await filled();
  using stored = await open(plugged);
  const found = await stored.list(rpId);
  plugged.key.ctap2.credentials.delete(plugged.key.ctap2.credentials.discoverable(rpId)[0]!);
  await stored.delete(rpId, found);
  expect(names(plugged.key.ctap2.credentials.all)).toEqual(["user 3"]);
});

describe("nothing on the key changes by looking:", () => {
  test("no PIN is set", async () => {
    await using plugged = await plugIn();
    const ui = person([], undefined, { newPins: ["correct horse"] });
    using stored = await open(plugged, ui);
    expect(await rejection(stored.list(rpId))).toMatchObject({ code: "pin_not_set" });
    expect([ui.newPinRequests.length, plugged.key.ctap2.pin.isSet]).toEqual([0, false]);
  });

  test.each([false, true])("no PIN is changed that the key wants to be changed (hidden: %p)", async (hidden) => {
    await using plugged = await filled({ forcePINChange: true, hidesForcePINChange: hidden });
    const ui = person([pin], undefined, { newPins: ["correct horse"] });
    using stored = await open(plugged, ui);
    expect(await rejection(stored.list(rpId))).toMatchObject({
      code: "pin_policy",
      hint: expect.stringContaining("`vouch keys pin`"),
    });
    expect([ui.newPinRequests.length, plugged.key.ctap2.pin.forcePINChange]).toEqual([0, true]);
  });
});

test.each<[string, Partial<Settings>]>([
  ["of CTAP 2.0", { ctap: "2.0", protocols: [1] }],
  ["that stores nothing", { capacity: 0 }],
])("a key %s cannot list its credentials, and says so before the PIN", async (_, settings) => {
  await using plugged = await plugIn({ pin, ...settings });
  const ui = person([pin]);
  expect(await rejection(open(plugged, ui))).toMatchObject({
    code: "security_key_unsupported",
    message: "Software Security Key cannot list or delete single credentials.",
  });
  expect(ui.pinRequests).toEqual([]);
});

test("a wrong PIN is asked for again, and three lock the key until it is taken out", async () => {
  await using plugged = await filled();
  const ui = person(["000000", pin]);
  {
    using stored = await open(plugged, ui);
    expect(await stored.list(rpId)).toHaveLength(3);
  }
  expect(ui.pinRequests.map(({ wrong }) => wrong)).toEqual([false, true]);
  using stored = await open(plugged, person(["000000", "111111", "222222"]));
  expect(await rejection(stored.list(rpId))).toMatchObject({ code: "pin_auth_blocked" });
});

describe("a key that lies in its list ends the list with an error:", () => {
  test.each(allEnumerationLies)("%s", async (lie) => {
    await using plugged = await filled({ lie: { in: "enumeration", lie }, maxMsgSize: 7609 });
    using stored = await open(plugged);
    const answered = await stored.list(rpId).catch((error: unknown) => error);
    if (lie === "more than it then gives") expect(answered).toMatchObject({ code: "security_key_error" });
    else expect(answered).toMatchObject({ code: "security_key_unsupported" });
    expect(plugged.key.ctap2.credentials.all).toHaveLength(4);
  });
});
