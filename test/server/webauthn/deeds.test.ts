/** A touch is good for what it was given for: the answer of a key to a challenge is of no use for anything else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { administer, type Deed } from "../../../src/fido/webauthn/deed.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import {
  addKey,
  approveAdd,
  approveRemove,
  approveRename,
  begin,
  holder,
  newPerson,
  type Person,
  publishing,
} from "../person.ts";
import { type Answer, origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "./security-key.ts";

let server: TestServer;
/** The key that is added, another one in each test. */
let newKey: TestSecurityKey;
beforeEach(() => {
  newKey = new TestSecurityKey();
});
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

const toLogIn: Deed = { purpose: "login" };
const toEnroll: Deed = { purpose: "enroll" };

/** Another one in each test, as the new key. */
const groupToMake = () => ({
  type: "add-group",
  group: newKey.id.slice(0, 40).replace(/^[-_]/, "x").replaceAll("-", "_"),
});
const administering = () => administer(["add-group", groupToMake().group]);

/** How the key signs the challenge of the ceremony: for a deed, or as it is. */
interface Signing {
  deed?: Deed;
  twist: (challenge: string) => Twist;
}

/** Each ceremony of the server, whole, in the name of somebody who may do it, and the deed that it is. */
const ceremonies: Record<string, (person: Person, signing?: Signing) => Promise<Answer>> = {
  async login(person, { deed = toLogIn, twist } = asIs) {
    const { ceremony, options } = await server.loginOptions();
    const credential = JSON.stringify(person.key.authenticate(options, origin, twist(options.challenge), deed));
    const headers = { dpop: await server.proof(person.dpop) };
    return server.form("/oauth/token", { grant_type: webauthnGrant, ceremony, credential }, headers);
  },
  async enroll(person, { deed = toEnroll, twist } = asIs) {
    const code = await server.invite(person.email);
    const { ceremony, options } = await server.enrollOptions(code);
    const credential = new TestSecurityKey().register(options, origin, twist(options.challenge), deed);
    return server.post("/v1/enroll", { ceremony, code, credential });
  },
  async "add-key"(person, { deed = addKey, twist } = asIs) {
    const { ceremony, options, approval: request } = await begin(server, person);
    const approval = person.key.authenticate(request, origin, {}, approveAdd(newKey));
    const credential = newKey.register(options, origin, twist(options.challenge), deed);
    return server.inSession(person, "POST", "/v1/credentials/addition", { ceremony, approval, credential });
  },
  async "approve-add"(person, { deed = approveAdd(newKey), twist } = asIs) {
    const { ceremony, options, approval: request } = await begin(server, person);
    const approval = person.key.authenticate(request, origin, twist(request.challenge), deed);
    const credential = newKey.register(options, origin, {}, addKey);
    return server.inSession(person, "POST", "/v1/credentials/addition", { ceremony, approval, credential });
  },
  async "approve-rename"(person, { deed = approveRename(person.key.id, "first", "pocket"), twist } = asIs) {
    const renaming = { id: person.key.id, name: "pocket" };
    const begun = (await server.inSession(person, "POST", "/v1/credentials/renaming/options", renaming)).body;
    const approval = person.key.authenticate(begun.approval, origin, twist(begun.approval.challenge), deed);
    const json = { ...renaming, ceremony: begun.ceremony, approval };
    return server.inSession(person, "POST", "/v1/credentials/renaming", json);
  },
  async "approve-remove"(person, { deed = approveRemove(person.key.id, "first", true), twist } = asIs) {
    const removal = { id: person.key.id, force: true };
    const begun = (await server.inSession(person, "POST", "/v1/credentials/removal/options", removal)).body;
    const twisted = twist(begun.approval.challenge);
    const approval = person.key.authenticate(begun.approval, origin, twisted, deed);
    const json = { ...removal, ceremony: begun.ceremony, approval };
    return server.inSession(person, "POST", "/v1/credentials/removal", json);
  },
  async administer(person, { deed = administering(), twist } = asIs) {
    const user = await server.store.accounts.findUser(person.email);
    await server.store.roles.setRole(user!.id, "administrator");
    const begun = (await server.inSession(person, "POST", "/v1/admin/changes/options", { change: groupToMake() })).body;
    const approval = person.key.authenticate(begun.approval, origin, twist(begun.approval.challenge), deed);
    const json = { ceremony: begun.ceremony, approval, change: groupToMake() };
    return server.inSession(person, "POST", "/v1/admin/changes", json);
  },
  async publish(person, { deed = publishing, twist } = asIs) {
    const begun = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
    const approval = person.key.authenticate(begun.approval, origin, twist(begun.approval.challenge), deed);
    return server.inSession(person, "POST", "/v1/publish", { ceremony: begun.ceremony, approval, holder });
  },
};
/** A key with the id of one and the public key of another, as far as an approval says. */
function withIdOf(id: TestSecurityKey, publicKey: TestSecurityKey): TestSecurityKey {
  const bytes = 18 + Buffer.from(id.id, "base64url").length;
  const attested = Buffer.concat([id.attestedData().subarray(0, bytes), publicKey.attestedData().subarray(bytes)]);
  return { attestedData: () => attested } as unknown as TestSecurityKey;
}
const asIs: Signing = { twist: () => ({}) };

const deeds: Record<string, (person: Person) => Deed> = {
  login: () => toLogIn,
  enroll: () => toEnroll,
  "add-key": () => addKey,
  "approve-add": () => approveAdd(newKey),
  "approve-add of another credential id": () => approveAdd(withIdOf(new TestSecurityKey(), newKey)),
  "approve-add of another public key": () => approveAdd(withIdOf(newKey, new TestSecurityKey())),
  "approve-add of another model": () => approveAdd(newKey, {}, { aaguid: new Uint8Array(16) }),
  "approve-add under a name": () => approveAdd(newKey, { name: "first" }),
  "approve-add with a product": () => approveAdd(newKey, { product: "first" }),
  "approve-add that says nothing of the key": () => ({ purpose: "approve-add", about: [] }),
  "approve-rename": ({ key }) => approveRename(key.id, "first", "pocket"),
  "approve-rename to another name": ({ key }) => approveRename(key.id, "first", "drawer"),
  "approve-rename of a key of another name": ({ key }) => approveRename(key.id, "second", "pocket"),
  "approve-rename of another key": () => approveRename(newKey.id, "first", "pocket"),
  "approve-remove": ({ key }) => approveRemove(key.id, "first", true),
  "approve-remove of another key": () => approveRemove(newKey.id, "first", true),
  "approve-remove of a key of another name": ({ key }) => approveRemove(key.id, "second", true),
  "approve-remove of a key that is not the last": ({ key }) => approveRemove(key.id, "first"),
  "approve-remove that says nothing of the name": ({ key }) => ({ purpose: "approve-remove", about: [key.id] }),
  administer: () => administering(),
  "administer to make another group": () => administer(["add-group", "x"]),
  "administer to remove the group": () => administer(["remove-group", groupToMake().group]),
  "administer that says nothing of the group": () => administer(["add-group"]),
  publish: () => publishing,
  "publish by another process of that id": () => ({ purpose: "publish", about: `${holder}1` }),
  "publish by another process": () => ({ purpose: "publish", about: `1${holder}` }),
};

describe.each(Object.keys(ceremonies))("%s", (name) => {
  const carryOut = ceremonies[name]!;

  test("takes the touch that was given for it", async () => {
    expect((await carryOut(await newPerson(server))).status).toBe(200);
  });

  test.each(Object.keys(deeds).filter((other) => other !== name))("refuses a touch for: %s", async (other) => {
    const person = await newPerson(server);
    const answer = await carryOut(person, { ...asIs, deed: deeds[other]!(person) });
    expect([400, 403]).toContain(answer.status);
    expect(JSON.stringify(answer.body)).toContain("it answers another challenge, or was given for something else");
  });

  test("refuses the server's challenge signed as it is, which says nothing of a deed", async () => {
    const answer = await carryOut(await newPerson(server), { twist: (challenge) => ({ challenge }) });
    expect([400, 403]).toContain(answer.status);
    expect(JSON.stringify(answer.body)).toContain("it answers another challenge");
  });
});

test.each(["", "4321", "4321 1 1", "x 1", "0 1", "4321 1\n", "-1 1"])(
  "publishing by the process %j is malformed",
  async (other) => {
    const person = await newPerson(server);
    const { ceremony, approval: request } = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
    const approval = person.key.authenticate(request, origin, {}, { purpose: "publish", about: other });
    const answer = await server.inSession(person, "POST", "/v1/publish", { ceremony, approval, holder: other });
    expect(answer.status).toBe(400);
  },
);
