/** A company at a test server, with people who have keys, groups, and a month of logins and refusals behind them. */
import type { Administrator } from "../../src/server/administration/actor.ts";
import { addGroup, joinGroup } from "../../src/server/administration/groups.ts";
import { endSessions, giveRole, invite } from "../../src/server/administration/people.ts";
import { tokenExchangeGrant, webauthnGrant } from "../../src/server/oauth/issuer.ts";
import { sha256 } from "../../src/server/random.ts";
import { anyAbility } from "../../src/server/store/people/roles.ts";
import { DpopKey } from "../server/oauth/dpop-key.ts";
import { scimClient } from "../server/scim/scim-client.ts";
import { origin, type TestServer } from "../server/test-server.ts";
import { TestSecurityKey } from "../server/webauthn/security-key.ts";

const hour = 3600;
const day = 24 * hour;
/** From the Friday on which the server's clock begins to one four weeks later. */
const days = 28;

/** AAGUIDs of three common models. */
const models = {
  nfc: "2fc0579f-8113-47ea-b116-bb5a8db9202a",
  usbC: "ee882879-721c-4913-9775-3dfcce97072a",
  bio: "d8522d9f-575b-4866-88a9-ba99fa02f35b",
} as const;

interface Employee {
  name: string;
  groups: readonly string[];
  laptop: string;
  /** The name of each key, and its model. */
  keys: readonly (readonly [string, keyof typeof models])[];
}

const employees: readonly Employee[] = [
  {
    name: "Amara Okafor",
    groups: ["developers", "platform"],
    laptop: "amara-thinkpad",
    keys: [
      ["blue, on my keys", "nfc"],
      ["spare, in the drawer", "usbC"],
    ],
  },
  { name: "Bruno Ferreira", groups: ["developers"], laptop: "bruno-mbp", keys: [["YubiKey 5C", "usbC"]] },
  { name: "Chiara Romano", groups: ["developers"], laptop: "chiara-xps", keys: [["YubiKey Bio", "bio"]] },
  { name: "Daniel Weiss", groups: ["developers", "data"], laptop: "daniel-mbp", keys: [["YubiKey 5C", "usbC"]] },
  {
    name: "Elif Yildiz",
    groups: ["developers", "platform"],
    laptop: "elif-framework",
    keys: [
      ["work", "nfc"],
      ["spare, at home", "nfc"],
    ],
  },
  { name: "Freya Lindqvist", groups: ["developers"], laptop: "freya-mbp", keys: [["YubiKey 5 NFC", "nfc"]] },
  { name: "Goran Petrovic", groups: ["data"], laptop: "goran-desktop", keys: [["YubiKey 5 NFC", "nfc"]] },
  { name: "Hana Suzuki", groups: ["developers"], laptop: "hana-mbp", keys: [["YubiKey Bio", "bio"]] },
  { name: "Iain Macdonald", groups: ["developers"], laptop: "iain-thinkpad", keys: [["YubiKey 5 NFC", "nfc"]] },
  { name: "Jelena Kovac", groups: ["data"], laptop: "jelena-xps", keys: [["YubiKey 5C", "usbC"]] },
  { name: "Kwame Mensah", groups: ["developers"], laptop: "kwame-mbp", keys: [["YubiKey 5C", "usbC"]] },
  { name: "Lucia Moreno", groups: ["developers"], laptop: "lucia-framework", keys: [["YubiKey 5 NFC", "nfc"]] },
];

/** Nobody has given them a key yet. */
const newcomers = ["Mateo Vargas", "Nora Haugen"];

export interface Company {
  /** The key of the administrator, who is the first of the employees. */
  administrator: Pick<Worker, "key" | "address">;
}

const emailOf = (name: string) => `${name.toLowerCase().replace(" ", ".")}@example.com`;

/** What the identity provider calls them. */
export const subjectOf = (name: string) => `${name.split(" ")[0]!.toLowerCase()}-0042`;

interface Worker {
  email: string;
  laptop: string;
  address: string;
  key: TestSecurityKey;
  /** Of the latest login. */
  session?: { accessToken: string; dpop: DpopKey };
}

/** Fills the server; its clock is at the morning of the pictures then. */
export async function makeCompany(server: TestServer): Promise<Company> {
  await hire(server);
  const workers = await enrol(server);
  const { key, address } = workers[0]!;
  const chief = (await server.store.accounts.findUser(emailOf("Amara Okafor")))!;
  const actor: Administrator = { user: chief, address, approvedBy: key.id, ability: anyAbility };
  await organise(server, actor);
  const begin = server.now();
  for (let count = 1; count <= days; count++)
    await spendDay(server, workers, begin - (begin % day) + count * day, actor);
  await server.store.transaction((tables) =>
    invite(tables, actor, { email: emailOf("Mateo Vargas"), now: server.now() }),
  );
  return { administrator: { key, address } };
}

/** The identity provider tells of people and groups. */
async function hire(server: TestServer): Promise<void> {
  const scim = await scimClient(server, "company");
  const ids = new Map<string, string>();
  for (const name of [...employees.map((each) => each.name), ...newcomers]) {
    const { id } = await scim.user(emailOf(name), { displayName: name, externalId: subjectOf(name), active: true });
    ids.set(name, id);
  }
  for (const group of ["developers", "data"]) {
    const members = employees.filter(({ groups }) => groups.includes(group));
    await scim.group(
      group,
      members.map(({ name }) => ids.get(name)!),
    );
  }
}

/** Everybody enrols their keys, with an account of the identity provider. */
async function enrol(server: TestServer): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (const { name: person, keys, laptop } of employees) {
    const email = emailOf(person);
    const made: TestSecurityKey[] = [];
    for (const [name, model] of keys) {
      const key = new TestSecurityKey();
      const code = await server.invite(email);
      const { ceremony, options } = await server.enrollOptions(code);
      const aaguid = Buffer.from(models[model].replaceAll("-", ""), "hex");
      await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin, { aaguid }), name });
      made.push(key);
      server.advance(400);
    }
    const { id } = (await server.store.accounts.findUser(email))!;
    const identity = { issuer: "https://login.example.com/realms/staff", subject: subjectOf(person) };
    await server.store.identities.add(identity, id, server.now());
    workers.push({ email, laptop, address: `198.51.100.${20 + workers.length * 7}`, key: made[0]! });
  }
  return workers;
}

async function organise(server: TestServer, actor: Administrator): Promise<void> {
  await server.store.transaction(async (tables) => {
    const chiefs = { email: actor.user.email, role: "administrator" } as const;
    await giveRole(tables, "operator", chiefs);
    await giveRole(tables, actor, { email: emailOf("Elif Yildiz"), role: "administrator" });
    await giveRole(tables, actor, { email: emailOf("Jelena Kovac"), role: "auditor" });
    await addGroup(tables, actor, { name: "platform", now: server.now() });
    for (const { name, groups } of employees) {
      if (groups.includes("platform")) await joinGroup(tables, actor, { group: "platform", email: emailOf(name) });
    }
  });
}

/** A day's logins, tokens, publishing, and what was refused on it; weekends are quiet. */
async function spendDay(server: TestServer, workers: Worker[], midnight: number, actor: Administrator): Promise<void> {
  const date = new Date(midnight * 1000);
  const isWeekend = [0, 6].includes(date.getUTCDay());
  for (const [index, worker] of workers.entries()) {
    const luck = (date.getUTCDate() * 5 + index * index * 3 + index * date.getUTCDay()) % 11;
    if (isWeekend ? luck !== 0 : luck < 3) continue;
    moveTo(server, midnight + 7.5 * hour + index * 9 * 60);
    // Who asks in the morning with the session of yesterday.
    if (luck === 5) await getToken(server, worker);
    worker.session = await logIn(server, worker);
    await getToken(server, worker);
    if (luck === 7) await publish(server, worker);
    // A second laptop.
    if (luck === 9) await logIn(server, { ...worker, laptop: `${worker.laptop}-2` });
  }
  if (date.getUTCDate() === 3) await loseLaptop(server, workers[6]!, actor);
}

/** Its sessions are ended, and its agent goes on asking. */
async function loseLaptop(server: TestServer, worker: Worker, actor: Administrator): Promise<void> {
  const { email } = worker;
  await server.store.transaction((tables) => endSessions(tables, actor, { email, now: server.now() }));
  for (let count = 0; count < 9; count++) {
    server.advance(700);
    await getToken(server, worker);
  }
}

async function getToken(server: TestServer, { session, address }: Worker): Promise<void> {
  if (session === undefined) return;
  const { accessToken, dpop } = session;
  const form = {
    grant_type: tokenExchangeGrant,
    subject_token: accessToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience: "sts.amazonaws.com",
  };
  const proof = await server.proof(dpop, { ath: sha256(accessToken) });
  await server.form("/oauth/token", form, { dpop: proof, "x-forwarded-for": address });
}

async function logIn(server: TestServer, { key, laptop, address }: Worker): Promise<NonNullable<Worker["session"]>> {
  const dpop = await DpopKey.generate();
  const { ceremony, options } = await server.loginOptions();
  const credential = JSON.stringify(key.authenticate(options, origin));
  const form = { grant_type: webauthnGrant, ceremony, credential, client: laptop };
  const { body } = await server.form("/oauth/token", form, {
    dpop: await server.proof(dpop),
    "x-forwarded-for": address,
  });
  return { accessToken: body.access_token, dpop };
}

async function publish({ store }: TestServer, { email, key, address }: Worker): Promise<void> {
  const user = (await store.accounts.findUser(email))!;
  await store.transaction(({ record }) => record({ event: "publish", user, credential: key.id, address }));
}

/** Moves the clock there, never back. */
function moveTo(server: TestServer, time: number): void {
  server.advance(Math.max(0, time - server.now()));
}
