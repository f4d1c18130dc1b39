/** Somebody who manages their own security keys: what they ask of the server in the name of their session. */
import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import type { Deed } from "../../src/fido/webauthn/deed.ts";
import { DpopKey } from "./oauth/dpop-key.ts";
import { TestSecurityKey, type Twist } from "./webauthn/security-key.ts";
import { type Answer, origin, type TestServer } from "./test-server.ts";

/** Somebody with one key, called "first", and a session that it opened. */
export interface Person {
  email: string;
  key: TestSecurityKey;
  accessToken: string;
  dpop: DpopKey;
  /** How the key answers: with the counter 0 its answers may overtake each other. */
  twist?: Twist;
}

/** What a touch is given for, apart from logging in and enrolling. */
export const addKey = { purpose: "add-key" } as const;
/** The approval of this new key, and of no other. */
export const approveAdd = (
  key: TestSecurityKey,
  { name, product }: { name?: string; product?: string } = {},
  twist: Twist = {},
): Deed => ({ purpose: "approve-add", about: [key.attestedData(twist), name ?? "", product ?? ""] });
export const approveRename = (id: string, name: string, newName: string): Deed => ({
  purpose: "approve-rename",
  about: [id, name, newName],
});
export const approveRemove = (id: string, name: string, last = false): Deed => ({
  purpose: "approve-remove",
  about: [id, name, last ? "last" : ""],
});
/** The process that publishes. */
export const holder = "4321 987654";
export const publishing = { purpose: "publish", about: holder } as const;

let people = 0;

/** Somebody new, enrolled and logged in. */
export async function newPerson(
  server: TestServer,
  twist: Twist = {},
  email = `person-${++people}@example.com`,
): Promise<Person> {
  const key = new TestSecurityKey();
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin, twist), name: "first" });
  return { email, key, twist, ...(await login(server, key, twist)) };
}

export async function login(
  server: TestServer,
  key: TestSecurityKey,
  twist: Twist = {},
): Promise<{ accessToken: string; dpop: DpopKey }> {
  const dpop = await DpopKey.generate();
  const { body } = await server.login(key, dpop, twist);
  return { accessToken: body.access_token, dpop };
}

export const list = async (server: TestServer, session: Pick<Person, "accessToken" | "dpop">) =>
  (await server.inSession(session, "GET", "/v1/credentials")).body.credentials as {
    id: string;
    name: string;
    thisSession: boolean;
  }[];

/** Begins an addition; `name` as in the finishing request. */
export const begin = async (server: TestServer, person: Person, name?: unknown) =>
  (await server.inSession(person, "POST", "/v1/credentials/addition/options", name === undefined ? {} : { name }))
    .body as {
    approval: PublicKeyCredentialRequestOptionsJSON;
  } & Awaited<ReturnType<TestServer["enrollOptions"]>>;

/** The whole addition of a key; `more` goes into the finishing request. */
export async function add(
  server: TestServer,
  person: Person,
  key: TestSecurityKey,
  more: { name?: unknown; product?: string } = {},
  twist: Twist = {},
): Promise<Answer> {
  const named = "name" in more ? { name: more.name } : {};
  const begun = await server.inSession(person, "POST", "/v1/credentials/addition/options", named);
  if (begun.status !== 200) return begun;
  const { ceremony, options, approval: request } = begun.body;
  const credential = key.register(options, origin, twist, addKey);
  const { name, product } = more;
  const deed = approveAdd(
    key,
    { ...(name === undefined ? {} : { name: keptName(name) }), ...(product === undefined ? {} : { product }) },
    twist,
  );
  const approval = person.key.authenticate(request, origin, person.twist, deed);
  return await server.inSession(person, "POST", "/v1/credentials/addition", {
    ceremony,
    approval,
    credential,
    ...more,
  });
}

/** A name as it is kept. */
const keptName = (name: unknown) => String(name).trim().normalize("NFC");

/** The name that the person is shown, if there is such a key. */
const shownName = async (server: TestServer, id: string) =>
  (await server.store.credentials.find(id))?.credential.name ?? "";

/** The whole renaming, approved by the person's key. */
export async function rename(server: TestServer, person: Person, id: string, name: unknown): Promise<Answer> {
  const shown = await shownName(server, id);
  const begun = await server.inSession(person, "POST", "/v1/credentials/renaming/options", { id, name });
  if (begun.status !== 200) return begun;
  const { ceremony, approval: request } = begun.body;
  const deed = approveRename(id, shown, keptName(name));
  const approval = person.key.authenticate(request, origin, person.twist, deed);
  return await server.inSession(person, "POST", "/v1/credentials/renaming", { id, name, ceremony, approval });
}

/** The whole removal, approved by the person's key; `more` goes into both requests. */
export async function remove(
  server: TestServer,
  session: Pick<Person, "accessToken" | "dpop" | "key" | "twist">,
  id: string,
  more: { force?: unknown } = {},
): Promise<Answer> {
  const shown = await shownName(server, id);
  const begun = await server.inSession(session, "POST", "/v1/credentials/removal/options", { id, ...more });
  if (begun.status !== 200) return begun;
  const { ceremony, approval: request } = begun.body;
  const approval = session.key.authenticate(
    request,
    origin,
    session.twist,
    approveRemove(id, shown, more.force === true),
  );
  return await server.inSession(session, "POST", "/v1/credentials/removal", { id, ceremony, approval, ...more });
}
