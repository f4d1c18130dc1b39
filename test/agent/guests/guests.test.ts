import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { guestRoutes } from "../../../src/agent/guests/access.ts";
import { type EnvironmentReply, type Route, routes, type StatusReply } from "../../../src/agent/protocol.ts";
import { agentRoutes } from "../../../src/agent/routes.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import type { GuestSettings } from "../../../src/settings/settings.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, cargoUrl, repository, until } from "../harness.ts";
import { roleArn } from "../upstream.ts";

const uid = process.getuid!();
const nobody = 65534;
const container = { uids: [nobody] };

/** An agent with these guests, and a session. */
async function withGuests(guests: Record<string, GuestSettings>): Promise<AgentHarness> {
  const harness = new AgentHarness();
  await harness.login();
  harness.configure({ repositories: [repository], guests });
  await askAgent(routes.guests, {});
  return harness;
}

const folderOf = ({ socketPath }: AgentHarness, name: string) => join(dirname(socketPath), "guests", name);

/** Asks at the guest's socket, as a process that finds it by the variable. */
async function askAt<R extends Route>(folder: string, route: R, body: unknown = {}) {
  const own = process.env["VOUCH_RUNTIME_DIR"];
  process.env["VOUCH_RUNTIME_DIR"] = folder;
  try {
    return await askAgent(route, body);
  } finally {
    process.env["VOUCH_RUNTIME_DIR"] = own;
  }
}

const cargoRead = { v: 1, kind: "get", registry: { "index-url": `sparse+${cargoUrl}` }, operation: "read" };

test("the routes that a guest may ask are these, and every other route of the agent is refused", () => {
  const table = Object.fromEntries(Object.keys(agentRoutes).map((route) => [route, route in guestRoutes]));
  const allowed = Object.keys(table).filter((route) => table[route]);
  expect(allowed.toSorted()).toEqual(
    [
      routes.cargo,
      routes.environment,
      routes.match,
      routes.roleCredentials,
      routes.status,
      routes.timeLeft,
      routes.token,
      routes.tokens,
    ].toSorted(),
  );
});

describe("at a guest's socket", () => {
  const refused = (Object.keys(agentRoutes) as Route[]).filter((route) => !(route in guestRoutes));

  test.each(refused)("%s is refused, whatever the body", async (route) => {
    await using harness = await withGuests({ box: {} });
    for (const body of [{}, { id: "AA", force: true }, { ceremony: "x", approval: {} }]) {
      const failure = await rejection(askAt(folderOf(harness, "box"), route, body));
      expect(failure).toMatchObject({
        code: "access_denied",
        hint: expect.stringContaining("calls this one its guest box"),
      });
    }
    expect(harness.stopsAsked).toBe(0);
    expect((await askAgent(routes.status)).session).toBeDefined();
  });

  test("tokens for reading are given", async () => {
    await using harness = await withGuests({ box: {} });
    const folder = folderOf(harness, "box");
    const { token } = await harness.token();
    expect((await askAt(folder, routes.token, { url: cargoUrl, format: "cargo" })).token).toBe(token);
    expect((await askAt(folder, routes.cargo, cargoRead)).Ok.token).toBe(token);
    expect((await askAt(folder, routes.tokens, { format: "npm" })).endpoints[0]!.token).toBe(token);
    const { variables }: EnvironmentReply = await askAt(folder, routes.environment);
    expect(Object.values(variables)).toContain(token);
    expect((await askAt(folder, routes.match, { urls: [cargoUrl] })).configured).toEqual([true]);
  });

  test.each<[string, Route, object]>([
    ["a token", routes.token, { url: cargoUrl, purpose: "publish" }],
    ["the tokens of a format", routes.tokens, { format: "npm", purpose: "publish" }],
    ["an environment", routes.environment, { purpose: "publish" }],
    ...["publish", "yank", "unyank", "owners"].map((operation): [string, Route, object] => [
      `Cargo's ${operation}`,
      routes.cargo,
      { ...cargoRead, operation },
    ]),
  ])("%s for publishing is refused, also where the same was just given to this machine", async (_, route, body) => {
    await using harness = await withGuests({ box: {} });
    await askAgent(route, body);
    const failure = await rejection(askAt(folderOf(harness, "box"), route, body));
    expect(failure).toMatchObject({ code: "access_denied", message: expect.stringContaining("no publish tokens") });
  });

  test("credentials of roles are given only where that is set, and only of configured roles", async () => {
    await using harness = await withGuests({ box: {}, ci: { credentials: true } });
    const failure = await rejection(askAt(folderOf(harness, "box"), routes.roleCredentials));
    expect(failure).toMatchObject({
      code: "access_denied",
      message: expect.stringContaining("no credentials of roles"),
    });
    expect((await askAt(folderOf(harness, "ci"), routes.roleCredentials)).accessKeyId).toStartWith("ASIA");
    const other = await rejection(askAt(folderOf(harness, "ci"), routes.roleCredentials, { roleArn }));
    expect(other).toMatchObject({ code: "access_denied", message: expect.stringContaining("configured roles only") });
  });

  test("the status names the guest, and nothing of this machine", async () => {
    await using harness = await withGuests({ box: {} });
    const status: StatusReply = await askAt(folderOf(harness, "box"), routes.status);
    expect(status).toMatchObject({ guest: { name: "box", credentials: false }, session: { user: expect.any(String) } });
    for (const hidden of ["settings", "network", "log", "askedToday"]) expect(status).not.toHaveProperty(hidden);
    expect(await askAgent(routes.status)).not.toHaveProperty("guest");
  });

  test("a hint says that the next command is for the other machine", async () => {
    await using harness = await withGuests({ box: {} });
    await harness.agent.logout();
    const failure = await rejection(askAt(folderOf(harness, "box"), routes.token, { url: cargoUrl }));
    expect(failure.code).toBe("login_needed");
    expect(failure.hint).toMatch(/runs on another machine, .* guest box\. There: Run `vouch login`/);
  });

  test("more questions than a build has are refused, and some time later answered again", async () => {
    await using harness = await withGuests({ box: {} });
    const folder = folderOf(harness, "box");
    let failure: unknown;
    for (let asked = 0; asked < 600 && failure === undefined; asked++) {
      failure = await askAt(folder, routes.match, { urls: [] }).then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(failure).toMatchObject({ code: "access_denied", message: expect.stringContaining("asks too often") });
    expect((await askAgent(routes.match, { urls: [] })).configured).toEqual([]);
    harness.clock.pass(1);
    expect((await askAt(folder, routes.match, { urls: [] })).configured).toEqual([]);
  });

  test("a body larger than any question is refused", async () => {
    await using harness = await withGuests({ box: {} });
    const urls = Array.from({ length: 20 }, () => "x".repeat(8000));
    expect(await askAgent(routes.match, { urls })).toBeDefined();
    expect((await rejection(askAt(folderOf(harness, "box"), routes.match, { urls }))).code).toBe("protocol_error");
  });

  test("more connections than a build has are closed, and the own socket goes on", async () => {
    await using harness = await withGuests({ box: {} });
    let closed = 0;
    const open = Array.from({ length: 80 }, () =>
      Bun.connect({
        unix: join(folderOf(harness, "box"), "agent.sock"),
        socket: { data() {}, close: () => void closed++, error() {} },
      }),
    );
    const sockets = await Promise.all(open);
    await until(() => closed >= 80 - 64);
    expect(await harness.token()).toBeDefined();
    for (const socket of sockets) socket.terminate();
  });
});

describe("the record", () => {
  test("names the guest, and no question of it takes the place of another", async () => {
    await using harness = await withGuests({ box: {} });
    await harness.token();
    const folder = folderOf(harness, "box");
    await askAt(folder, routes.token, { url: cargoUrl });
    await rejection(askAt(folder, routes.logout));
    const { entries } = await askAgent(routes.record, {});
    const ofGuest = entries.filter(({ guest }) => guest !== undefined);
    expect(ofGuest[0]!.askers[0]!.pid).toBe(process.pid);
    expect(ofGuest).toMatchObject([
      { operation: "token", outcome: "ok", guest: { name: "box", uid } },
      { operation: "logout", outcome: "access_denied", guest: { name: "box", uid } },
    ]);
    expect(entries.some(({ operation, guest }) => operation === "token" && guest === undefined)).toBe(true);
    for (let count = 0; count < 1_100; count++) {
      if (count % 400 === 0) harness.clock.pass(60);
      await rejection(askAt(folder, routes.token, { url: `https://host-${count}.example/` }));
    }
    const after = (await askAgent(routes.record, {})).entries;
    expect(after.some(({ operation, guest }) => operation === "login finish" && guest === undefined)).toBe(true);
    expect(after.some(({ operation, guest }) => operation === "token" && guest === undefined)).toBe(true);
  });
});

describe("a guest's socket", () => {
  test("is opened by the settings, closed with them, and its folder goes, too", async () => {
    await using harness = await withGuests({ box: {}, other: {} });
    const folder = folderOf(harness, "box");
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
    expect(lstatSync(join(folder, "agent.sock")).mode & 0o777).toBe(0o600);
    harness.configure({ repositories: [repository], guests: { other: {} } });
    expect((await askAgent(routes.guests, {})).guests.map(({ name }) => name)).toEqual(["other"]);
    expect(existsSync(folder)).toBe(false);
    expect(await askAt(folderOf(harness, "other"), routes.token, { url: cargoUrl })).toBeDefined();
  });

  test("is opened and closed by the agent's own watch, too", async () => {
    await using harness = await withGuests({});
    harness.configure({ repositories: [repository], guests: { box: {} } });
    harness.agent.watch();
    expect(await askAt(folderOf(harness, "box"), routes.token, { url: cargoUrl })).toBeDefined();
  });

  test("that others may use can be entered and connected to, but neither listed nor replaced by them", async () => {
    await using harness = await withGuests({ box: container });
    const folder = folderOf(harness, "box");
    expect(lstatSync(folder).mode & 0o777).toBe(0o711);
    expect(lstatSync(join(folder, "agent.sock")).mode & 0o777).toBe(0o666);
    expect(lstatSync(dirname(dirname(folder))).mode & 0o777).toBe(0o700);
    expect((await askAt(folder, routes.status)).guest).toEqual({ name: "box", credentials: false });
  });

  test("of this agent alone is not in the settings, and is closed by its name", async () => {
    await using harness = await withGuests({ kept: {} });
    const { folder } = await askAgent(routes.guestOpen, { name: "box", credentials: true });
    expect(await askAt(folder, routes.roleCredentials)).toBeDefined();
    expect((await rejection(askAgent(routes.guestOpen, { name: "box" }))).code).toBe("name_taken");
    // Guests of the settings are closed by these.
    expect(await askAgent(routes.guestClose, { name: "kept" })).toEqual({ closed: false });
    expect(await askAgent(routes.guestClose, { name: "box" })).toEqual({ closed: true });
    expect(existsSync(folder)).toBe(false);
    expect((await askAgent(routes.guests, {})).guests.map(({ name }) => name)).toEqual(["kept"]);
    expect(harness.stopsAsked).toBe(0);
  });

  test("is gone with the agent, and its folder stays where something may have mounted it", async () => {
    let folder: string;
    let other: string;
    {
      await using harness = await withGuests({ box: {} });
      folder = folderOf(harness, "box");
      other = (await askAgent(routes.guestOpen, { name: "short" })).folder;
      await harness.agent.guests.stop();
      expect(existsSync(join(folder, "agent.sock"))).toBe(false);
      expect(existsSync(folder)).toBe(true);
      expect(existsSync(other)).toBe(false);
    }
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    ["with other files in it", (folder) => writeFileSync(join(folder, "mine"), ""), /it holds other files/],
    ["with a file in the socket's place", (folder) => writeFileSync(join(folder, "agent.sock"), ""), /not a socket/],
  ])("is not made in a folder %s", async (_, prepare, why) => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "guest");
    mkdirSync(folder);
    prepare(folder);
    await using harness = await withGuests({ box: { folder } });
    expect(existsSync(folderOf(harness, "box"))).toBe(false);
    const [guest] = (await askAgent(routes.guests, {})).guests;
    expect(guest!.failure!.message).toMatch(why);
    expect((await rejection(askAgent(routes.guestOpen, { name: "other", folder }))).message).toMatch(why);
  });

  test.each([
    ["a name that is none", { name: "../box" }],
    ["a name that is too long", { name: "x".repeat(33) }],
    ["a folder that is not absolute", { name: "box", folder: "here" }],
    ["a user id that is none", { name: "box", uids: [-1] }],
    ["too many user ids", { name: "box", uids: Array.from({ length: 17 }, (_, index) => index) }],
    ["a field that is unknown", { name: "box", routes: ["/v1/stop"] }],
  ])("is not opened for %s", async (_, request) => {
    await using harness = await withGuests({});
    expect(harness.stopsAsked).toBe(0);
    expect((await rejection(askAgent(routes.guestOpen, request))).code).toBe("protocol_error");
  });

  test("is opened for no more than 32 guests", async () => {
    await using harness = await withGuests({});
    expect(harness.stopsAsked).toBe(0);
    for (let count = 0; count < 32; count++) await askAgent(routes.guestOpen, { name: `box-${count}` });
    expect((await rejection(askAgent(routes.guestOpen, { name: "box" }))).message).toContain("32 guests already");
  });
});
