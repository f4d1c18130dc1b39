/** Somebody who manages their own security keys: what they ask of the server in the name of their session. */
import { DpopKey } from "./dpop-key.ts";
import { TestSecurityKey, type Twist } from "./security-key.ts";
import { type Answer, origin, type TestServer } from "./test-server.ts";

/** Somebody with one key, called "first", and a session that it opened. */
export interface Person {
  email: string;
  key: TestSecurityKey;
  accessToken: string;
  dpop: DpopKey;
}

let people = 0;

/** Somebody new, enrolled and logged in. */
export async function newPerson(server: TestServer): Promise<Person> {
  const email = `person-${++people}@example.com`;
  const key = new TestSecurityKey();
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin), name: "first" });
  return { email, key, ...(await login(server, key)) };
}

export async function login(server: TestServer, key: TestSecurityKey): Promise<{ accessToken: string; dpop: DpopKey }> {
  const dpop = await DpopKey.generate();
  const { body } = await server.login(key, dpop);
  return { accessToken: body.access_token, dpop };
}

export const list = async (server: TestServer, session: Pick<Person, "accessToken" | "dpop">) =>
  (await server.inSession(session, "GET", "/v1/credentials")).body.credentials as {
    id: string;
    name: string;
    thisSession: boolean;
  }[];

export const begin = async (server: TestServer, person: Person) =>
  (await server.inSession(person, "POST", "/v1/credentials/add/options", {})).body as Awaited<
    ReturnType<TestServer["enrollOptions"]>
  >;

/** The whole addition of a key; `more` goes into the finishing request. */
export async function add(
  server: TestServer,
  person: Person,
  key: TestSecurityKey,
  more: object = {},
  twist: Twist = {},
): Promise<Answer> {
  const { ceremony, options } = await begin(server, person);
  const credential = key.register(options, origin, twist);
  return await server.inSession(person, "POST", "/v1/credentials/add", { ceremony, credential, ...more });
}

export const rename = (server: TestServer, person: Person, id: string, name: unknown) =>
  server.inSession(person, "POST", "/v1/credentials/rename", { id, name });
export const remove = (
  server: TestServer,
  session: Pick<Person, "accessToken" | "dpop">,
  id: string,
  more: object = {},
) => server.inSession(session, "POST", "/v1/credentials/remove", { id, ...more });
