/**
 * A server that is killed (SIGKILL) at a random moment of enrolments, logins and token exchanges, again and again: what
 * it has acknowledged is in the database, and a code is used up with its key, or not at all.
 */
import { decodeJwt } from "jose";
import { verifyAudit } from "../../../src/server/audit/verify.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { makeEnrollmentCode } from "../../../src/server/keys/enrollment-code.ts";
import { tokenExchangeGrant, webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

const url = "http://localhost:8787";

/** People who are at it at once in each cycle. */
const peopleAtOnce = 4;
/** Five requests of each, which begin and end. */
const momentsInAll = peopleAtOnce * 5 * 2;
/** The kill comes up to so many milliseconds after a moment: within a transaction, too. */
const maxDelayMs = 4;
/** Cycles in which a person tries; then somebody new begins. */
const maxTries = 3;

/** What was answered with 200. */
interface Acknowledged {
  /** Credential ids. */
  keys: string[];
  /** Hashes of access tokens. */
  sessions: string[];
  /** `jti` of ID tokens. */
  tokens: string[];
}

export interface Kills {
  acknowledged: Acknowledged;
  /** What is not as it must be: what was acknowledged and is gone, a code without a key, a broken audit log. */
  faults: string[];
}

interface Person {
  email: string;
  code: string;
  key: TestSecurityKey;
  dpop: DpopKey;
  tries: number;
}

const now = () => Math.floor(Date.now() / 1000);

/**
 * Runs the cycles on an empty database, which nobody else may have open. `program` is the executable with its first
 * arguments. Whoever was cut off goes on in the next cycle, with the same code.
 */
export async function killAtRandom(program: string[], database: string, cycles: number): Promise<Kills> {
  const kills: Kills = { acknowledged: { keys: [], sessions: [], tokens: [] }, faults: [] };
  const look = async <Result>(work: (store: Store) => Promise<Result>): Promise<Result> => {
    const store = await openStore(database, { create: true, now: now() });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  await look((store) => initializeServer(store, url, ["sts.amazonaws.com"], now()));
  let people: Person[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    people = people.filter(({ tries }) => tries < maxTries);
    await look(async (store) => {
      while (people.length < peopleAtOnce) people.push(await invite(store, `${crypto.randomUUID()}@example.com`));
    });
    // The last one is killed when all have come to the end: so something is acknowledged for certain.
    const moment = cycle === cycles - 1 ? Infinity : 1 + Math.floor(Math.random() * momentsInAll);
    const given = await killOnce([...program, "server", "run", "--database", database], people, moment);
    await look(async (store) => {
      kills.faults.push(...(await missing(store, given)));
      for (const person of people) kills.faults.push(...(await codeFaults(store, person)));
    });
    for (const kind of ["keys", "sessions", "tokens"] as const) kills.acknowledged[kind].push(...given[kind]);
    people = people.filter(({ tries }) => tries > 0);
  }
  await look(async (store) => {
    kills.faults.push(...(await missing(store, kills.acknowledged)), ...(await auditFaults(store, kills.acknowledged)));
  });
  return kills;
}

async function invite(store: Store, email: string): Promise<Person> {
  const code = makeEnrollmentCode();
  await store.accounts.invite(email, sha256(code), now(), now() + 24 * 3600);
  return { email, code, key: new TestSecurityKey(), dpop: await DpopKey.generate(), tries: 0 };
}

/** Starts the server and kills it at that moment, or at the end; `tries` of a person who came to the end is 0 afterwards. */
async function killOnce(command: string[], people: Person[], killedAt: number): Promise<Acknowledged> {
  const given: Acknowledged = { keys: [], sessions: [], tokens: [] };
  const child = Bun.spawn([...command, "--listen", "127.0.0.1:0"], { stdout: "pipe", stderr: "ignore" });
  const base = await firstAddress(child.stdout);
  let moments = killedAt;
  const moment = () => {
    if (--moments === 0) setTimeout(() => child.kill("SIGKILL"), Math.random() * maxDelayMs);
  };
  await Promise.all(
    people.map(async (person) => {
      person.tries++;
      try {
        await oneDay(person, base, given, moment);
        person.tries = 0;
      } catch (error) {
        // Cut off. Any other failure shows as a fault of the code, or as nothing acknowledged.
        if (error instanceof WrongStatusError) throw error;
      }
    }),
  ).finally(() => child.kill("SIGKILL"));
  await child.exited;
  return given;
}

/** The server answered, but not with 200. */
class WrongStatusError extends Error {}

/** Enrols, unless the key is known already, logs in, and exchanges the session for a token. */
async function oneDay(person: Person, base: string, given: Acknowledged, moment: () => void): Promise<void> {
  const { code, key, dpop } = person;
  const post = async (path: string, body: object, headers: Record<string, string> = {}, statuses = [200]) => {
    const isForm = body instanceof URLSearchParams;
    moment();
    const response = await fetch(base + path, {
      method: "POST",
      headers: { ...(isForm ? {} : { "content-type": "application/json" }), ...headers },
      body: isForm ? body : JSON.stringify(body),
    });
    const text = await response.text();
    moment();
    if (!statuses.includes(response.status)) throw new WrongStatusError(`${path}: ${response.status} ${text}`);
    return { status: response.status, body: JSON.parse(text) };
  };
  const token = async (form: Record<string, string>) => {
    const proof = await dpop.proof({ url: `${url}/oauth/token`, now: now() });
    return (await post("/oauth/token", new URLSearchParams(form), { dpop: proof })).body.access_token as string;
  };
  // A code that is used up is refused: then the key is known, whose answer was lost, and the login shows it.
  const begun = await post("/v1/enroll/options", { code }, {}, person.tries > 1 ? [200, 403] : [200]);
  if (begun.status === 200) {
    const { ceremony, options } = begun.body;
    await post("/v1/enroll", { ceremony, code, credential: key.register(options, url) });
    given.keys.push(key.id);
  }
  const { ceremony, options } = (await post("/v1/login/options", {})).body;
  const credential = JSON.stringify(key.authenticate(options, url));
  const accessToken = await token({ grant_type: webauthnGrant, ceremony, credential });
  given.sessions.push(sha256(accessToken));
  const idToken = await token({
    grant_type: tokenExchangeGrant,
    subject_token: accessToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  });
  given.tokens.push(decodeJwt(idToken).jti!);
}

/** What was acknowledged and is not in the database. */
async function missing({ credentials, sessions }: Store, { keys, sessions: hashes }: Acknowledged): Promise<string[]> {
  const faults: string[] = [];
  for (const id of keys) if ((await credentials.find(id)) === undefined) faults.push(`the key ${id} is lost`);
  for (const hash of hashes) if ((await sessions.find(hash)) === undefined) faults.push(`the session ${hash} is lost`);
  return faults;
}

/** A code that is used up without its key, or a key without its code. */
async function codeFaults(store: Store, { email, code, key }: Person): Promise<string[]> {
  const isUsed = (await store.accounts.findInvite(sha256(code)))?.usedAt !== undefined;
  const isKnown = (await store.credentials.find(key.id)) !== undefined;
  return isUsed === isKnown
    ? []
    : [`the code of ${email} is ${isUsed ? "used up without a key" : "good after its key"}`];
}

/** Tokens that are not in the audit log, sessions and keys that are not there once, and a broken chain. */
async function auditFaults(store: Store, { tokens }: Acknowledged): Promise<string[]> {
  const recorded = new Set<unknown>();
  const all = { enrol: 0, login: 0 };
  let position = { time: 0, chain: "", number: 0 };
  for (;;) {
    const page = await store.audit.page(position, 2 ** 40, 500);
    for (const { event, detail, credential } of page) {
      if (event === "token") recorded.add(detail["jti"]);
      if (event === "enrol" || event === "login") all[event]++;
      if (event === "enrol" && (await store.credentials.find(credential!)) === undefined) all.enrol = Number.NaN;
    }
    if (page.length < 500) break;
    position = page.at(-1)!;
  }
  const kids = (await store.signingKeys.all()).map(({ kid }) => kid);
  const { problems } = await verifyAudit(store, { issuer: url, kids });
  const live = await store.countSessions(now());
  return [
    ...tokens.filter((jti) => !recorded.has(jti)).map((jti) => `the token ${jti} is not in the audit log`),
    ...problems.map(({ chain, number, what }) => `audit log, ${chain} ${number}: ${what}`),
    ...(live === all.login ? [] : [`${live} sessions have ${all.login} entries in the audit log`]),
    ...(Number.isNaN(all.enrol) ? ["the audit log has a key that is not there"] : []),
  ];
}

/** The address that a server says it listens on. Throws if it ends before. */
async function firstAddress(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stdout) {
    text += new TextDecoder().decode(chunk);
    const address = /listening on (\S+)\n/.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`no address in "${text}"`);
}
