/** A key without room for another credential: old ones of this server are offered for deletion at the enrolment. */
import { describe, expect, test } from "bun:test";
import type { StoredCredential } from "../../../src/fido/ctap2/credential-management.ts";
import { createCredential } from "../../../src/fido/webauthn/ceremony.ts";
import { plugIn, type PluggedIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { type Person, person } from "./person.ts";
import { creationOptions, toEnroll, origin, register } from "./relying-party.ts";

const pin = "123456";
const rpId = "vouch.example.com";

/** A full key: two credentials of Vouch, one of another service. */
async function full(settings: Partial<Settings> = {}): Promise<PluggedIn> {
  const plugged = await plugIn({ pin, capacity: 3, ...settings });
  for (const [rp, id] of [
    [rpId, 1],
    ["other.example", 2],
    [rpId, 3],
  ] as const) {
    const user = { id: Uint8Array.of(id), name: `user ${id}`, displayName: undefined };
    plugged.key.ctap2.credentials.create(rp, user, true, 2);
  }
  return plugged;
}

interface Offered {
  ui: Person;
  offers: (string | undefined)[][];
}

/** A person who deletes the credentials with these names. */
function tidy(...names: string[]): Offered {
  const offers: (string | undefined)[][] = [];
  const ui = person([pin]);
  ui.chooseRoom = (_, credentials: readonly StoredCredential[]) => {
    offers.push(credentials.map(({ user }) => user.name));
    return Promise.resolve(credentials.filter(({ user }) => names.includes(user.name ?? "")));
  };
  return { ui, offers };
}

async function enroll(
  plugged: PluggedIn,
  ui: Person,
  residentKey: "required" | "preferred" = "preferred",
  kept: Uint8Array[] = [],
) {
  const options = await creationOptions({
    authenticatorSelection: { residentKey, userVerification: "required" },
    excludeCredentials: kept.map((id) => ({ id: Buffer.from(id).toString("base64url") })),
  });
  const response = await createCredential({ deed: toEnroll, origin, ui, options, device: await plugged.open() });
  return register(options, response);
}

const stored = ({ key }: PluggedIn) => key.ctap2.credentials.allDiscoverable().map(({ user }) => user.name);

describe.each<["required" | "preferred", Partial<Settings>]>([
  ["preferred", {}],
  ["required", {}],
  ["preferred", { ctap: "2.1-pre", protocols: [1] }],
  ["preferred", { fingerprint: "matches" }],
])("where the server has it %s, on a key with %j,", (residentKey, settings) => {
  test("the chosen one gives way to the new one, after one PIN", async () => {
    await using plugged = await full(settings);
    const { ui, offers } = tidy("user 1");
    await enroll(plugged, ui, residentKey);
    expect(offers).toEqual([["user 3", "user 1"]]);
    expect(stored(plugged)).toEqual(["dev@example.com", "user 3", "user 2"]);
    expect(ui.told).toEqual([]);
    expect(ui.pinRequests.length).toBeLessThanOrEqual(1);
  });
});

test("without a choice the credential is made but not stored, and nothing is deleted", async () => {
  await using plugged = await full();
  const { ui, offers } = tidy();
  await enroll(plugged, ui);
  expect(offers).toHaveLength(1);
  expect(ui.told).toEqual(["not stored: full"]);
  expect(stored(plugged)).toEqual(["user 3", "user 2", "user 1"]);
});

test("without a choice there is no credential where the server demands that it is stored", async () => {
  await using plugged = await full();
  expect(await rejection(enroll(plugged, tidy().ui, "required"))).toMatchObject({ code: "security_key_full" });
});

test("a key that is enrolled already is called so, and nothing is offered", async () => {
  await using plugged = await full();
  const [newest] = plugged.key.ctap2.credentials.discoverable(rpId);
  const { ui, offers } = tidy("user 3", "user 1");
  expect(await rejection(enroll(plugged, ui, "preferred", [newest!.id]))).toMatchObject({
    code: "credential_excluded",
  });
  expect(offers).toEqual([]);
  expect(stored(plugged)).toHaveLength(3);
});

test("a key with room, or without old credentials of this server, asks nothing", async () => {
  await using roomy = await full({ capacity: 4 });
  await using strange = await plugIn({ pin, capacity: 1 });
  strange.key.ctap2.credentials.create("other.example", { id: Uint8Array.of(1), name: "x", displayName: "x" }, true, 2);
  for (const plugged of [roomy, strange]) {
    const { ui, offers } = tidy("user 1", "x");
    await enroll(plugged, ui);
    expect(offers).toEqual([]);
  }
  expect(stored(strange)).toEqual(["x"]);
});

test("a key that cannot list its credentials is enrolled as before", async () => {
  await using plugged = await full({ ctap: "2.0", protocols: [1] });
  const { ui, offers } = tidy("user 1");
  await enroll(plugged, ui);
  expect(offers).toEqual([]);
  expect(ui.told).toEqual(["not stored: full"]);
});

test("a key that lies in its list is enrolled as before", async () => {
  await using plugged = await full({ lie: { in: "enumeration", lie: "a billion credentials" } });
  const { ui, offers } = tidy("user 1");
  await enroll(plugged, ui);
  expect(offers).toEqual([]);
  expect(ui.told).toEqual(["not stored: full"]);
});
