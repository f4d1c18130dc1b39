import { describe, expect, onTestFinished, test } from "bun:test";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { guestRoutes } from "../../../src/agent/guests/access.ts";
import {
  type EnvironmentReply,
  protocolVersion,
  type Route,
  routes,
  type StatusReply,
} from "../../../src/agent/protocol.ts";
import { Guests } from "../../../src/agent/guests/guests.ts";
import { takeLock } from "../../../src/agent/process/lock.ts";
import { agentRoutes } from "../../../src/agent/routes.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { VouchError } from "../../../src/base/errors.ts";
import type { GuestSettings } from "../../../src/settings/settings.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, cargoUrl, repository, until } from "../harness.ts";
import { ManualClock } from "../manual-clock.ts";
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

/** A socket on which nobody listens any more. */
function leaveSocket(path: string): void {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  Bun.spawnSync([process.execPath, "-e", script]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

/** The folder's inode number, which no other folder gets before the test's end. */
function heldInode(folder: string): number {
  const descriptor = openSync(folder, "r");
  onTestFinished(() => closeSync(descriptor));
  return lstatSync(folder).ino;
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
    expect(failure).toMatchObject({
      code: "access_denied",
      message: expect.stringContaining("at most 500 times at once, and 50 times a second"),
      hint: expect.stringContaining("Run the command again in some seconds."),
    });
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

  test("is closed with the process that has opened it, which may be killed", async () => {
    await using harness = await withGuests({});
    const body = JSON.stringify({ name: "box", endsWithAsker: true });
    const head = `POST ${routes.guestOpen} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: ${protocolVersion}\r\n`;
    const request = `${head}content-length: ${body.length}\r\n\r\n${body}`;
    const script = `require("net").connect(${JSON.stringify(harness.socketPath)})
      .on("data", (data) => console.log(data.toString().split(" ")[1])).write(${JSON.stringify(request)});
      setInterval(() => {}, 1000);`;
    await using opener = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    expect(Buffer.from((await opener.stdout.getReader().read()).value!).toString()).toBe("200\n");
    const folder = folderOf(harness, "box");
    expect((await askAgent(routes.guests, {})).guests.map(({ name }) => name)).toEqual(["box"]);
    expect(await askAt(folder, routes.token, { url: cargoUrl })).toBeDefined();
    opener.kill("SIGKILL");
    await opener.exited;
    expect(await rejection(askAt(folder, routes.token, { url: cargoUrl }))).toMatchObject({
      code: "access_denied",
      message: "The guest box is closed: the command that opened it has ended.",
    });
    expect((await askAgent(routes.guests, {})).guests).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test.each<[string, (socket: string) => void]>([
    ["deleted", (socket) => rmSync(socket)],
    ["deleted with its folder", (socket) => rmSync(dirname(socket), { recursive: true })],
    [
      "replaced by one on which nobody listens",
      (socket) => {
        // While both are there, they have two inode numbers.
        leaveSocket(`${socket}.new`);
        renameSync(`${socket}.new`, socket);
      },
    ],
  ])("that was %s is made again, in the settings and out of them", async (_, change) => {
    await using harness = await withGuests({ box: {} });
    await askAgent(routes.guestOpen, { name: "short", credentials: true });
    for (const name of ["box", "short"]) change(join(folderOf(harness, name), "agent.sock"));
    const { guests } = await askAgent(routes.guests, {});
    expect(guests.map(({ name }) => name)).toEqual(["box", "short"]);
    for (const guest of guests) expect(guest).not.toHaveProperty("failure");
    for (const name of ["box", "short"]) {
      expect((await askAt(folderOf(harness, name), routes.token, { url: cargoUrl })).token).toBeDefined();
    }
    expect(await askAt(folderOf(harness, "short"), routes.roleCredentials)).toBeDefined();
  });

  test("whose folder was moved away takes nothing from the one that is there now", async () => {
    using place = tempFolder("/tmp");
    const [folder, victim] = [join(place.path, "guest"), join(place.path, "victim")];
    await using harness = await withGuests({ box: { folder } });
    mkdirSync(victim);
    const files = ["agent.sock", "guest.lock"];
    for (const file of files) writeFileSync(join(victim, file), "");
    renameSync(folder, `${folder}.old`);
    symlinkSync(victim, folder);
    harness.configure({ repositories: [repository] });
    await askAgent(routes.guests, {});
    expect(readdirSync(victim).toSorted()).toEqual(files);
    expect(lstatSync(folder).isSymbolicLink()).toBe(true);
  });

  test("is not made where its path is longer than the system allows", async () => {
    using place = tempFolder("/tmp");
    const longest = process.platform === "darwin" ? 103 : 107;
    const folder = (bytes: number) => join(place.path, "x".repeat(bytes - `${place.path}//agent.sock`.length));
    await using harness = await withGuests({ box: { folder: folder(longest) } });
    expect((await askAt(folder(longest), routes.status)).guest).toBeDefined();
    const failure = await rejection(askAgent(routes.guestOpen, { name: "other", folder: folder(longest + 1) }));
    expect(failure).toMatchObject({
      code: "agent_untrusted",
      message: expect.stringContaining(`its path has ${longest + 1} bytes, and the system allows ${longest}`),
    });
    expect(existsSync(folder(longest + 1))).toBe(false);
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
    const before = readdirSync(folder);
    await using harness = await withGuests({ box: { folder } });
    expect(existsSync(folderOf(harness, "box"))).toBe(false);
    const [guest] = (await askAgent(routes.guests, {})).guests;
    expect(guest!.failure!.message).toMatch(why);
    expect((await rejection(askAgent(routes.guestOpen, { name: "other", folder }))).message).toMatch(why);
    harness.configure({ repositories: [repository] });
    expect((await askAgent(routes.guests, {})).guests).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("is not made in place of another program's, whether that listens or not", async () => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "other");
    mkdirSync(folder, { mode: 0o700 });
    const socket = join(folder, "agent.sock");
    using _ = Bun.listen({ unix: socket, socket: { data() {} } });
    await using harness = await withGuests({ box: { folder } });
    const [guest] = (await askAgent(routes.guests, {})).guests;
    expect(guest!.failure!.message).toContain("it holds other files, such as agent.sock");
    expect((await rejection(askAgent(routes.guestOpen, { name: "other", folder }))).code).toBe("agent_untrusted");
    harness.configure({ repositories: [repository] });
    await askAgent(routes.guests, {});
    const connection = await Bun.connect({ unix: socket, socket: { data() {} } });
    connection.terminate();
  });

  test("is not made where another agent serves a guest, which goes on", async () => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "shared");
    await using first = await withGuests({ box: { folder } });
    const others = new Guests(first.clock, () => {});
    const never = () => {
      throw new Error("nobody listens there");
    };
    others.serve(never, join(place.path, "agent"));
    expect(await rejection(() => others.open({ name: "box", folder }))).toMatchObject({
      code: "agent_untrusted",
      message: expect.stringContaining("another agent serves a guest there"),
    });
    await others.stop();
    expect((await askAt(folder, routes.status)).guest).toEqual({ name: "box", credentials: false });
  });

  test.each<[string, (harness: AgentHarness, place: string) => string, string]>([
    ["the agent's own folder", ({ socketPath }) => dirname(socketPath), "it is the agent's own"],
    [
      "the agent's own folder by another name",
      ({ socketPath }, place) => {
        symlinkSync(dirname(dirname(socketPath)), join(place, "link"));
        return join(place, "link/agent");
      },
      "it is the agent's own",
    ],
    ["the folder of all guests", ({ socketPath }) => join(dirname(socketPath), "guests"), "it is the agent's own"],
    ["another guest's folder", (harness) => folderOf(harness, "box"), "the folder of another guest"],
    ["a folder in another guest's", (harness) => join(folderOf(harness, "box"), "sub"), "the folder of another guest"],
  ])("is not made in %s, and what is there goes on", async (_, folderIn, why) => {
    using place = tempFolder("/tmp");
    await using harness = await withGuests({ box: {} });
    const folder = folderIn(harness, place.path);
    const failure = await rejection(askAgent(routes.guestOpen, { name: "other", folder }));
    expect(failure).toMatchObject({ code: "agent_untrusted", message: expect.stringContaining(why) });
    harness.configure({ repositories: [repository], guests: { box: {}, other: { folder } } });
    await askAgent(routes.guests, {});
    harness.configure({ repositories: [repository], guests: { box: {} } });
    expect((await askAgent(routes.guests, {})).guests.map(({ name }) => name)).toEqual(["box"]);
    expect((await askAt(folderOf(harness, "box"), routes.status)).guest).toBeDefined();
  });

  test("of a dead agent is replaced, and its folder is the same one", async () => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "guest");
    mkdirSync(folder);
    writeFileSync(join(folder, "guest.lock"), "");
    leaveSocket(join(folder, "agent.sock"));
    const ino = heldInode(folder);
    await using _ = await withGuests({ box: { folder } });
    expect((await askAt(folder, routes.status)).guest).toBeDefined();
    expect(lstatSync(folder).ino).toBe(ino);
  });

  test.each<[string, GuestSettings, number]>([
    ["another user id", container, 0o711],
    ["other rights", { credentials: true }, 0o700],
  ])("has new settings (%s) in the same folder, which mounts have", async (_, settings, mode) => {
    await using harness = await withGuests({ box: {} });
    const folder = folderOf(harness, "box");
    const ino = heldInode(folder);
    harness.configure({ repositories: [repository], guests: { box: settings } });
    await askAgent(routes.guests, {});
    const status = lstatSync(folder);
    expect({ ino: status.ino, mode: status.mode & 0o777 }).toEqual({ ino, mode });
    expect((await askAt(folder, routes.status)).guest).toBeDefined();
  });

  test("of this agent alone goes into the settings in the same folder", async () => {
    await using harness = await withGuests({});
    const { folder } = await askAgent(routes.guestOpen, { name: "box" });
    const ino = heldInode(folder);
    harness.configure({ repositories: [repository], guests: { box: {} } });
    expect((await askAgent(routes.guests, {})).guests).toMatchObject([{ name: "box", temporary: false }]);
    expect(lstatSync(folder).ino).toBe(ino);
  });

  test("with another folder leaves none behind", async () => {
    using place = tempFolder("/tmp");
    await using harness = await withGuests({ box: {} });
    const folder = join(place.path, "guest");
    harness.configure({ repositories: [repository], guests: { box: { folder } } });
    await askAgent(routes.guests, {});
    expect(existsSync(folderOf(harness, "box"))).toBe(false);
    expect((await askAt(folder, routes.status)).guest).toBeDefined();
  });

  test("with another folder that cannot be used keeps its own, which mounts have", async () => {
    using place = tempFolder("/tmp");
    const [folder, unfit] = [join(place.path, "guest"), join(place.path, "unfit")];
    await using harness = await withGuests({ box: { folder } });
    const ino = heldInode(folder);
    mkdirSync(unfit);
    writeFileSync(join(unfit, "mine"), "");
    harness.configure({ repositories: [repository], guests: { box: { folder: unfit } } });
    expect((await askAgent(routes.guests, {})).guests).toMatchObject([{ failure: { code: "agent_untrusted" } }]);
    expect(readdirSync(folder)).toEqual(["guest.lock"]);
    harness.configure({ repositories: [repository], guests: { box: { folder } } });
    expect((await askAgent(routes.guests, {})).guests[0]).not.toHaveProperty("failure");
    expect(lstatSync(folder).ino).toBe(ino);
    expect((await askAt(folder, routes.status)).guest).toBeDefined();
  });

  test("changes folders with another guest's", async () => {
    using place = tempFolder("/tmp");
    const [one, other] = [join(place.path, "one"), join(place.path, "other")];
    await using harness = await withGuests({ box: { folder: one }, ci: { folder: other } });
    const inos = [one, other].map(heldInode);
    harness.configure({ repositories: [repository], guests: { box: { folder: other }, ci: { folder: one } } });
    for (const guest of (await askAgent(routes.guests, {})).guests) expect(guest).not.toHaveProperty("failure");
    expect((await askAt(other, routes.status)).guest!.name).toBe("box");
    expect((await askAt(one, routes.status)).guest!.name).toBe("ci");
    expect([one, other].map((folder) => lstatSync(folder).ino)).toEqual(inos);
  });

  test.each(["guest/", "./guest", "x/../guest", "link", "link/."])(
    "is in the same folder where that is spelled %s",
    async (spelled) => {
      using place = tempFolder("/tmp");
      const folder = join(place.path, "guest");
      await using harness = await withGuests({ box: { folder } });
      const ino = heldInode(folder);
      symlinkSync(place.path, join(place.path, "up"));
      const other = `${place.path}/${spelled.replace(/^link/, "up/guest")}`;
      harness.configure({ repositories: [repository], guests: { box: { folder: other, credentials: true } } });
      expect((await askAgent(routes.guests, {})).guests[0]).not.toHaveProperty("failure");
      expect(lstatSync(folder).ino).toBe(ino);
      expect((await askAt(folder, routes.status)).guest).toEqual({ name: "box", credentials: true });
    },
  );

  test("of this agent alone has its folder's plain path", async () => {
    using place = tempFolder("/tmp");
    await using harness = await withGuests({});
    const { folder } = await askAgent(routes.guestOpen, { name: "box", folder: `${place.path}//guest/./` });
    expect(folder).toBe(join(place.path, "guest"));
    expect(harness.stopsAsked).toBe(0);
  });

  test("for a process that the system does not name is not opened, and another way is said", async () => {
    using place = tempFolder("/tmp");
    const guests = new Guests(new ManualClock(), () => {});
    guests.serve(() => ({ stop: async () => {}, unref() {} }), join(place.path, "agent"));
    expect(await rejection(() => guests.open({ name: "box", endsWithAsker: true }))).toMatchObject({
      code: "access_denied",
      hint: expect.stringContaining("`vouch guest add NAME --session`"),
    });
  });

  test.each<[string, (place: string) => GuestSettings]>([
    ["beside the agent's", () => ({})],
    ["of the user's choice", (place) => ({ folder: join(place, "guest") })],
  ])("is made again in a folder %s in which a container has left files", async (_, settingsIn) => {
    using place = tempFolder("/tmp");
    const box = settingsIn(place.path);
    await using harness = await withGuests({ box });
    const folder = box.folder ?? folderOf(harness, "box");
    writeFileSync(join(folder, "login.notice"), "");
    mkdirSync(join(folder, "plugins"));
    harness.configure({ repositories: [repository], guests: { box: { ...box, credentials: true } } });
    expect((await askAgent(routes.guests, {})).guests[0]).not.toHaveProperty("failure");
    harness.configure({ repositories: [repository] });
    await askAgent(routes.guests, {});
    expect(readdirSync(folder).toSorted()).toEqual(["guest.lock", "login.notice", "plugins"]);
    harness.configure({ repositories: [repository], guests: { box } });
    expect((await askAgent(routes.guests, {})).guests[0]).not.toHaveProperty("failure");
    expect((await askAt(folder, routes.status)).guest).toBeDefined();
  });

  test("follows no link that a container has put into its folder, and waits for no pipe", async () => {
    using place = tempFolder("/tmp");
    const [folder, own] = [join(place.path, "guest"), join(place.path, "own")];
    mkdirSync(folder);
    symlinkSync(own, join(folder, "guest.lock"));
    await using harness = await withGuests({ box: { folder } });
    const { failure } = (await askAgent(routes.guests, {})).guests[0]!;
    expect(failure).toMatchObject({
      code: "file_error",
      message: `${join(folder, "guest.lock")} cannot be used for a guest: it is a symbolic link.`,
    });
    expect(existsSync(own)).toBe(false);
    rmSync(join(folder, "guest.lock"));
    expect(Bun.spawnSync(["mkfifo", join(folder, "guest.lock")]).success).toBe(true);
    expect((await askAgent(routes.guests, {})).guests[0]!.failure!.code).toBe("file_error");
    expect(await harness.token()).toBeDefined();
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

  test("of 32 that could not be opened is opened once it can be", async () => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "guest");
    writeFileSync(folder, "");
    await using harness = await withGuests({ box: { folder } });
    for (let count = 0; count < 31; count++) await askAgent(routes.guestOpen, { name: `box-${count}` });
    rmSync(folder);
    expect((await askAgent(routes.guests, {})).guests[0]).not.toHaveProperty("failure");
    expect(harness.logged.filter((line) => line.includes("box has no socket"))).toHaveLength(1);
  });

  test("that cannot be listened on leaves no folder and no lock behind", async () => {
    using place = tempFolder("/tmp");
    const folder = join(place.path, "guest");
    const guests = new Guests(new ManualClock(), () => {});
    const fails = () => {
      throw new VouchError("internal_error", "no descriptor is left");
    };
    guests.serve(fails, join(place.path, "agent"));
    expect((await rejection(() => guests.open({ name: "box", folder }))).message).toBe("no descriptor is left");
    expect(existsSync(folder)).toBe(false);
    guests.sync({ guests: { box: { folder } } });
    expect(guests.described.guests[0]!.failure!.message).toBe("no descriptor is left");
    takeLock(join(folder, "guest.lock"))!();
  });
});
