/** A browser of the tests, as far as the server can tell: a cookie, forms with their token, what the script would send. */
import { randomToken, sha256 } from "../../../src/server/random.ts";
import type { Role } from "../../../src/server/store/people/roles.ts";
import { origin, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";

type Fields = Record<string, string>;

/** Headers that every browser sends with a form of the server's own page. */
const ownPage = { origin, "sec-fetch-site": "same-origin" };

/** Enrols a new person with a key called "first". */
export async function enrolled(server: TestServer, email: string): Promise<TestSecurityKey> {
  const key = new TestSecurityKey();
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin), name: "first" });
  return key;
}

/** Somebody with a role who has signed in with their key. */
export interface Holder {
  visitor: Visitor;
  key: TestSecurityKey;
  email: string;
  id: string;
}

let holders = 0;

/** Somebody new with this role, signed in with their key. */
export async function newHolder(server: TestServer, role: Role): Promise<Holder> {
  const email = `${role}-${++holders}@example.com`;
  const key = await enrolled(server, email);
  const { id } = (await server.store.accounts.findUser(email))!;
  await server.store.roles.setRole(id, role);
  const visitor = new Visitor(server);
  await visitor.signIn(key);
  return { visitor, key, email, id };
}

/** A session of single sign-on of this person. */
export async function bySingleSignOn(server: TestServer, email: string): Promise<Visitor> {
  const user = (await server.store.accounts.findUser(email))!;
  const token = randomToken();
  const session = { user, method: "sso", credentialId: undefined, createdAt: server.now() } as const;
  await server.store.pageSessions.add(sha256(token), { ...session, expiresAt: server.now() + 3600 });
  return new Visitor(server, token);
}

export class Visitor {
  cookie: string | undefined;
  /** What the next page says, as the last answer has told the browser. */
  notice: string | undefined;
  readonly #server: TestServer;

  constructor(server: TestServer, cookie?: string) {
    this.#server = server;
    this.cookie = cookie;
  }

  async get(path: string, headers: Fields = {}): Promise<Response> {
    const asked = { headers: { ...this.#own, ...headers }, redirect: "manual" } as const;
    const answer = await fetch(this.#server.base + path, asked);
    this.#keep(answer);
    return answer;
  }

  /** Sends a form, and keeps the cookie that comes with the answer. */
  async post(path: string, fields: Fields, headers: Fields = ownPage): Promise<Response> {
    const answer = await fetch(this.#server.base + path, {
      method: "POST",
      headers: { ...this.#own, ...headers },
      body: new URLSearchParams(fields),
      redirect: "manual",
    });
    this.#keep(answer);
    return answer;
  }

  #keep({ headers }: Response): void {
    for (const set of headers.getSetCookie()) {
      const [, name, value] = /^__Host-vouch-(page|notice)=([^;]*)/.exec(set) ?? [];
      if (name === "page") this.cookie = value || undefined;
      if (name === "notice") this.notice = value || undefined;
    }
  }

  get #own(): Fields {
    const pairs = [
      ...(this.cookie === undefined ? [] : [`__Host-vouch-page=${this.cookie}`]),
      ...(this.notice === undefined ? [] : [`__Host-vouch-notice=${this.notice}`]),
    ];
    return pairs.length === 0 ? {} : { cookie: pairs.join("; ") };
  }

  /** The token that the forms of this session have. */
  async formToken(): Promise<string> {
    const page = await (await this.get("/")).text();
    return /name="form_token" value="([\w-]{43})"/.exec(page)?.[1] ?? "";
  }

  /** Signs in with the key; `twist` is what goes wrong. */
  async signIn(key: TestSecurityKey, twist: Twist = {}, fields: Fields = {}): Promise<Response> {
    const { ceremony, options } = (await (await this.post("/sign-in/options", {})).json()) as Begun;
    const credential = JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge, ...twist }));
    return await this.post("/sign-in", { ceremony, credential, ...fields });
  }

  /** Sends a form of the session with a touch of the key for it. */
  async touched(key: TestSecurityKey, path: string, fields: Fields, twist: Twist = {}): Promise<Response> {
    const own = { form_token: await this.formToken(), ...fields };
    const begun = await this.post("/touch", { ...own, action: path });
    if (!begun.ok) return begun;
    const { ceremony, options } = (await begun.json()) as Begun;
    const approval = JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge, ...twist }));
    return await this.post(path, { ...own, ceremony, approval });
  }
}

interface Begun {
  ceremony: string;
  options: Parameters<TestSecurityKey["authenticate"]>[0];
}
