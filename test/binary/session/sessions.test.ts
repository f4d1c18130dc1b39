/** `vouch sessions` of a person with two machines, with the compiled executables. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ended, executable, type Laptop, startLaptop } from "../../laptop.ts";

interface Listed {
  id: string;
  key: string;
  client: string;
  thisSession: boolean;
}

let laptop: Laptop;
/** The variable that leads to the agent of the other machine. */
let elsewhere: Record<string, string>;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  const folder = join(laptop.folder, "elsewhere");
  mkdirSync(folder, { mode: 0o700 });
  elsewhere = { VOUCH_RUNTIME_DIR: folder };
});
afterAll(async () => {
  await laptop?.run([executable, "agent", "stop"], { env: elsewhere });
  await laptop?.stop();
});

/** Logs in on the other machine; its agent is started by that. */
async function loginElsewhere(): Promise<void> {
  const here = laptop.env["VOUCH_RUNTIME_DIR"]!;
  Object.assign(laptop.env, elsewhere);
  await laptop.login().finally(() => (laptop.env["VOUCH_RUNTIME_DIR"] = here));
}

const list = async (env = {}) =>
  JSON.parse(await ended(laptop.run([executable, "sessions", "list", "--json"], { env }))) as Listed[];
const end = (...args: string[]) => laptop.vouch("sessions", "end", ...args);
const exec = (env = {}) => laptop.run([executable, "exec", "--", "true"], { env });

test("a session elsewhere is listed, ended by its id, and noticed there at the next question", async () => {
  await loginElsewhere();
  const both = await list();
  expect(both).toMatchObject([
    { client: hostname(), thisSession: true },
    { client: hostname(), thisSession: false },
  ]);
  expect((await list(elsewhere)).map(({ thisSession }) => thisSession)).toEqual([false, true]);
  const other = both.find(({ thisSession }) => !thisSession)!;
  const table = await ended(laptop.vouch("sessions", "list"));
  expect(table).toContain(other.id.slice(0, 8));
  expect(table).toContain("this session");
  const run = await end(other.id.slice(0, 8));
  expect(run).toMatchObject({ exitCode: 0 });
  expect(run.stderr).toContain("One session elsewhere has ended.");
  const there = await laptop.run([executable, "sessions", "list"], { env: elsewhere });
  expect(there.exitCode).toBe(4);
  expect(there.stderr).toContain("vouch login");
  expect((await exec(elsewhere)).exitCode).toBe(4);
  expect(await list()).toHaveLength(1);
  expect((await exec()).exitCode).toBe(0);
});

test("an id that is none of the sessions', none at all and two choices end nothing", async () => {
  expect(await end("ffffffffffffffff")).toMatchObject({ exitCode: 1 });
  expect(await end()).toMatchObject({ exitCode: 2 });
  expect(await end("--others", "--all")).toMatchObject({ exitCode: 2 });
  expect(await list()).toHaveLength(1);
});

test("all others end, and then all, this one with its tokens included", async () => {
  await loginElsewhere();
  expect(JSON.parse(await ended(end("--others", "--json")))).toEqual({ ended: 1, thisSession: false });
  expect(await list()).toHaveLength(1);
  await loginElsewhere();
  const run = await end("--all");
  expect(run).toMatchObject({ exitCode: 0 });
  expect(run.stderr).toContain("Your session here has ended");
  for (const env of [{}, elsewhere]) {
    expect(await laptop.run([executable, "sessions", "list"], { env })).toMatchObject({ exitCode: 4 });
    expect((await exec(env)).exitCode).toBe(4);
  }
});
