/** The search of a machine: each place once, strange files, ends. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { endOf, mayBeGood } from "../../../../../src/cli/commands/doctor/leaks/ends.ts";
import { searchFiles } from "../../../../../src/cli/commands/doctor/leaks/files.ts";
import type { Leak, Searched } from "../../../../../src/cli/commands/doctor/leaks/leak.ts";
import { leakPlaces } from "../../../../../src/cli/commands/doctor/leaks/places.ts";
import { inPsLine } from "../../../../../src/cli/commands/doctor/leaks/processes.ts";
import { endInWords, leaksJson, whereOf } from "../../../../../src/cli/commands/doctor/leaks/report.ts";
import { makeMachine, removeMachines } from "../machine.ts";
import { lookAlikes, makeToken, tokenPlaces } from "./tokens.ts";

const token = makeToken();

afterAll(removeMachines);

function search(files: Record<string, string>, env: Record<string, string> = {}): [string[], Searched, string] {
  const machine = makeMachine(files, { env });
  const searched: Searched = { files: 0, processes: 0, skipped: [] };
  const leaks = searchFiles(leakPlaces(machine), searched);
  return [
    leaks.filter(({ hasForm }) => hasForm).map((leak) => whereOf(leak).replace(`${machine.home}/`, "")),
    searched,
    machine.home,
  ];
}

test.each(tokenPlaces)("a token in ~/%s is found with its line", (path) => {
  const [found] = search({ [path]: `# first\nkey = ${token}\n` });
  expect(found).toEqual([`${path}:2`]);
});

test("texts that only look like tokens are none, wherever they stand", () => {
  const text = lookAlikes.map(([, each]) => `x = ${each}\n`).join("");
  const [found, searched] = search({ ".npmrc": text, ".bash_history": text, "project/.env": text });
  expect(found).toEqual([]);
  expect(searched.files).toBeGreaterThanOrEqual(3);
});

test("an environment variable leads to the files that it names", () => {
  const machine = makeMachine({ "here/history": `\n\n${token}`, "npm/_logs/a.log": token });
  machine.env = {
    ...machine.env,
    HISTFILE: join(machine.home, "here/history"),
    NPM_CONFIG_CACHE: join(machine.home, "npm"),
  };
  const leaks = searchFiles(leakPlaces(machine), { files: 0, processes: 0, skipped: [] });
  expect(leaks.map((leak) => whereOf(leak).replace(machine.home, "~"))).toEqual([
    "~/here/history:3",
    "~/npm/_logs/a.log:1",
  ]);
});

test("strange files are survived, and what was not searched is said", () => {
  const machine = makeMachine({ ".npmrc": `${token}\n`, ".netrc": "x" });
  const at = (path: string): string => join(machine.home, path);
  symlinkSync(at(".yarnrc"), at(".yarnrc"));
  symlinkSync(at(".npmrc"), at(".zprofile"));
  symlinkSync("/dev/zero", at(".zsh_history"));
  symlinkSync(at("nowhere"), at(".python_history"));
  mkdirSync(at(".bash_history"));
  mkdirSync(at(".npm/_logs"), { recursive: true });
  symlinkSync(machine.home, at(".npm/_logs/loop"));
  truncateSync(at(".netrc"), 65 << 20);
  mkdirSync(at(".local/share/atuin"), { recursive: true });
  writeFileSync(at(".local/share/atuin/history.db"), Buffer.from(`SQLite\0\xff\n${token}\0`, "latin1"));
  const searched: Searched = { files: 0, processes: 0, skipped: [] };
  const leaks = searchFiles(leakPlaces(machine), searched);
  expect(leaks.map(whereOf)).toEqual([`${at(".npmrc")}:1`, `${at(".local/share/atuin/history.db")} (binary)`]);
  expect(searched.skipped.map(({ what }) => what)).toEqual([at(".netrc")]);
});

test("a project's folder ends at its repository, and at the home folder", () => {
  const files = { ".env.other": token, "project/.env": token, "project/a/.env": token, "project/a/b/.env": token };
  const machine = makeMachine(files);
  const inFolder = (cwd: string): string[] =>
    searchFiles(leakPlaces({ ...machine, cwd: join(machine.home, cwd) }), { files: 0, processes: 0, skipped: [] }).map(
      (leak) => (leak.place === "file" ? dirname(leak.path).slice(machine.home.length) : ""),
    );
  expect(inFolder("project/a/b")).toEqual(["/project/a/b", "/project/a", "/project"]);
  mkdirSync(join(machine.home, "project/a/.git"));
  expect(inFolder("project/a/b")).toEqual(["/project/a/b", "/project/a"]);
  expect(inFolder(".")).toEqual([]);
});

const now = 1_800_000_000;
const file = (changed: number, each = token): Leak => ({
  place: "file",
  path: "/home/dev/.npmrc",
  kind: "settings",
  line: 2,
  changed,
  token: each,
  hasForm: true,
});
const inProcess = {
  place: "process" as const,
  pid: 7,
  name: "make",
  variable: "TOKEN",
  token,
  hasForm: true,
} satisfies Leak;

test.each<[what: string, leak: Leak, known: [string, number][], by: string, expiration: number | undefined]>([
  ["the agent", file(now, makeToken({ exp: now - 1 })), [[makeToken({ exp: now - 1 }), now + 60]], "agent", now + 60],
  ["the token", file(now, makeToken({ exp: now - 1 })), [], "token", now - 1],
  ["the file's age", file(now - 13 * 3600), [], "file", now - 3600],
  ["nothing", inProcess, [], "nothing", undefined],
])("the end of a token is said by %s", (_, leak, known, by, expiration) => {
  const end = endOf(leak, new Map(known));
  expect(end).toMatchObject({ by, expiration });
  expect(mayBeGood(end, now)).toBe(expiration === undefined || expiration > now);
  expect(endInWords(end, now)).toContain(expiration !== undefined && expiration < now ? "has ended" : "a token, good ");
});

test("what a shim has set is told from what a shell has exported", () => {
  const remedies = ["VOUCH_0f_0", "CODEARTIFACT_AUTH_TOKEN"].map((variable) => {
    const leak: Leak = { ...inProcess, variable };
    const judged = [{ leak, end: endOf(leak, new Map()), isGood: true }];
    return JSON.stringify(leaksJson(judged, { files: 0, processes: 1, skipped: [] }));
  });
  expect(remedies[0]).toContain("A shim of Vouch");
  expect(remedies[1]).toContain("unset CODEARTIFACT_AUTH_TOKEN");
});

test("the report as JSON has places and times, and no token", () => {
  const leaks = [file(now), file(now - 13 * 3600, makeToken({}, "y")), inProcess];
  const judged = leaks.map((leak) => {
    const end = endOf(leak, new Map());
    return { leak, end, isGood: mayBeGood(end, now) };
  });
  const report = leaksJson(judged, { files: 2, processes: 1, skipped: [] });
  expect(JSON.stringify(report)).not.toContain("eyJ");
  expect(report).toMatchObject({
    ok: false,
    leaks: [
      { place: "file", path: "/home/dev/.npmrc", line: 2, mayBeGood: true, expiration: now + 12 * 3600 },
      { mayBeGood: false, expirationBy: "file" },
      { place: "process", pid: 7, name: "make", variable: "TOKEN", mayBeGood: true, expirationBy: "nothing" },
    ],
    searched: { files: 2, processes: 1 },
  });
});

test("macOS's ps shows process id, program and variable", () => {
  expect(inPsLine(`  4711 /bin/zsh -l HOME=/Users/dev TOKEN=${token} TERM=xterm`)).toEqual([
    { place: "process", pid: 4711, name: "zsh", variable: "TOKEN", token, hasForm: true },
  ]);
  expect(inPsLine(`4711 curl -H Bearer ${token}`)).toMatchObject([{ name: "curl", variable: undefined }]);
  expect(inPsLine("4711 /bin/zsh -l HOME=/Users/dev")).toEqual([]);
});
