/** What `vouch keys clean` says of the credentials on a key, and how it reads what is typed. */
import { describe, expect, test } from "bun:test";
import type { SecurityKey } from "../../../../src/agent/wire/reply-parts.ts";
import {
  type Enrolments,
  heldJson,
  heldLines,
  knownServers,
  listHeld,
} from "../../../../src/cli/commands/keys/held-credentials.ts";
import { parseNumbers } from "../../../../src/cli/key/credential-choice.ts";
import { render } from "../../../../src/cli/terminal/terminal.ts";
import { StoredCredentials } from "../../../../src/fido/management/stored-credentials.ts";
import { plugIn } from "../../../authenticator/plugged-in.ts";
import { person } from "../../../fido/webauthn/person.ts";

const pin = "123456";
const signal = new AbortController().signal;
const url = "https://vouch.example.com";
const user = "dev@example.com";

/** A key with a credential for each of the names, and what is listed of them. */
async function held(names: (string | undefined)[], servers: string[], enrolments: (ids: string[]) => Enrolments) {
  await using plugged = await plugIn({ pin, maxMsgSize: 7609 });
  for (const [index, name] of names.entries()) {
    plugged.key.ctap2.credentials.create(
      new URL(servers[0]!).hostname,
      { id: Uint8Array.of(index), name, displayName: undefined },
      true,
      2,
    );
  }
  const ids = plugged.key.ctap2.credentials.all.map(({ id }) => Buffer.from(id).toString("base64url"));
  using stored = await StoredCredentials.open({
    device: await plugged.open(),
    ui: person([pin]),
    signal,
    timeoutMs: 60_000,
  });
  return { ids, list: await listHeld(stored, servers, enrolments(ids)) };
}

const key = (id: string, name: string): SecurityKey => ({
  id,
  name,
  aaguid: "",
  product: null,
  createdAt: 0,
  lastUsedAt: null,
  transports: [],
  backupEligible: false,
  backedUp: false,
  thisSession: false,
});

test("the server's word decides whether one is enrolled; of another account it says nothing", async () => {
  const { ids, list } = await held(
    [user, user, "ops@example.com", undefined],
    [url],
    (all) => new Map([[url, { user, keys: [key(all[0]!, "work")] }]]),
  );
  expect(list.map(({ enrolment }) => enrolment)).toEqual([
    { state: "unknown", why: "other_account" },
    { state: "unknown", why: "other_account" },
    { state: "gone" },
    { state: "enrolled", name: "work" },
  ]);
  const short = ids.map((id) => id.slice(0, 8)).toReversed();
  expect(heldLines(list)).toEqual([
    `  1  an account without a name  ${url}  ${short[0]}  may still be enrolled: another account`,
    `  2  ops@example.com            ${url}  ${short[1]}  may still be enrolled: another account`,
    `  3  dev@example.com            ${url}  ${short[2]}  not enrolled there any more`,
    `  4  dev@example.com            ${url}  ${short[3]}  enrolled there as "work"`,
  ]);
  expect(list.map(heldJson)).toMatchObject([
    { enrolled: null, user: { name: null } },
    { enrolled: null },
    { enrolled: false },
    { enrolled: true, name: "work", id: ids[0], server: url, rpId: "vouch.example.com", user: { id: "AA" } },
  ]);
});

test("without a session nothing is claimed", async () => {
  const { list } = await held([user], [url], () => new Map([[url, undefined]]));
  expect(list).toMatchObject([{ enrolment: { state: "unknown", why: "no_session" } }]);
});

test("servers of one host share their credentials: the one that knows it is named, and all must deny it", async () => {
  const servers = ["http://localhost:8001", "http://localhost:8002"];
  const { list } = await held(
    [user, user],
    servers,
    (all) =>
      new Map([
        [servers[0]!, { user, keys: [] }],
        [servers[1]!, { user, keys: [key(all[1]!, "work")] }],
      ]),
  );
  expect(list.map(({ server, enrolment }) => [server, enrolment.state])).toEqual([
    [servers[1]!, "enrolled"],
    [servers[0]!, "gone"],
  ]);
  const half = await held([user], servers, () => new Map([[servers[0]!, { user, keys: [] }]]));
  expect(half.list).toMatchObject([{ enrolment: { state: "unknown" } }]);
});

test("names that a key tells are one short line without control characters", async () => {
  const strange = ["\u001b[2J\u001b[1;31mdev", "a\nerror: b", "\u202emoc.elpmaxe", "x".repeat(4000), ""];
  const { list } = await held(strange, [url], () => new Map());
  for (const line of heldLines(list).map((each) => render(each, false))) {
    expect(line.length).toBeLessThan(250);
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  }
});

test("the servers are those of the settings, each once", () => {
  const server = { url, credentialIds: [] };
  const acme = { url: "https://acme.example.com", credentialIds: [] };
  const profiles = { acme: { server: acme.url }, beta: { server: "https://beta.example.com" }, own: {} };
  const settings = { server, servers: [acme], profiles, repositories: [] } as never;
  expect(knownServers(settings)).toEqual([url, acme.url, "https://beta.example.com"]);
});

describe("numbers", () => {
  test.each<[string, number[] | undefined]>([
    ["", []],
    ["1", [0]],
    ["1,3", [0, 2]],
    [" 3 , 1 ", [2, 0]],
    ["2 2", [1]],
    ["0", undefined],
    ["4", undefined],
    ["-1", undefined],
    ["1x", undefined],
    ["all", undefined],
    ["1e0", undefined],
  ])("%j of three are the indices %j", (text, expected) => {
    expect(parseNumbers(text, 3)).toEqual(expected);
  });
});
