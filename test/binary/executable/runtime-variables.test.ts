/**
 * No variable that Bun, JavaScriptCore, the allocator or Node.js's modules read changes what the release executable
 * prints, where it writes or how it ends; what it becomes still gets every one of them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cargoGet, executable, type Laptop, registryName, startLaptop } from "../../laptop.ts";

/** What Vouch promises to honour, and what decides for every program of the system. */
const honoured = /^(?:NO_COLOR|FORCE_COLOR|NODE_OPTIONS)$/;

/**
 * All that the runtime's file names: Bun's and Node.js's variables wherever they stand, JavaScriptCore's options under
 * both prefixes; mimalloc's options, whose names are put together; what is read without a prefix.
 */
const variables = (() => {
  const text = readFileSync(process.execPath).toString("latin1");
  const names = new Set([
    ...(text.match(/\bBUN_[A-Z][A-Za-z0-9_]{2,60}/g) ?? []),
    ...(text.match(/\bNODE_[A-Z][A-Z0-9_]{2,60}/g) ?? []),
    ...(text.match(/(?<=\0)(?:WTF_|WebKit|Malloc|UV_|SIMDUTF_|JavaScriptCore)[A-Za-z0-9_]{2,60}(?=\0)/g) ?? []),
    ...(text.match(/(?<=\0)JSC_[A-Za-z0-9_]+(?=\0)/g) ?? []).flatMap((name) => [name, `BUN_${name}`]),
    ...["verbose", "show_stats", "show_errors", "max_warnings", "reserve_os_memory"].flatMap((option) => [
      `mimalloc_${option}`,
      `MIMALLOC_${option.toUpperCase()}`,
    ]),
    "DO_NOT_TRACK",
    "CARES_HOSTS",
    "ICU_DATA",
    "GOMAXPROCS",
    "Malloc",
    "BUN_JSC_noSuchOption",
    "BUN_NO_SUCH",
    // Those that stand in the file as part of a longer text only.
    "BUN_BE_BUN",
    "BUN_OPTIONS",
    "BUN_INSPECT",
    "BUN_INSPECT_CONNECT_TO",
    "BUN_INSPECT_NOTIFY",
    "BUN_PORT",
    "BUN_ENV",
    "BUN_CONFIG_VERBOSE_FETCH",
    "BUN_CONFIG_MAX_HTTP_REQUESTS",
    "BUN_INSTALL",
    "BUN_DEBUG",
    "BUN_DEBUG_ALL",
  ]);
  return [...names].filter((name) => !honoured.test(name)).sort();
})();

let laptop: Laptop;
/** A folder that nothing may be written into. */
let empty: string;

beforeAll(async () => {
  laptop = await startLaptop();
  empty = join(laptop.folder, "empty");
  mkdirSync(empty);
  await laptop.getReady("--registry-name", registryName);
});
afterAll(async () => laptop?.stop());

const commands: [name: string, args: string[], stdin: string | undefined][] = [
  ["Cargo's provider", ["--cargo-plugin"], cargoGet()],
  ["Cargo's provider, for another's registry", ["--cargo-plugin"], cargoGet("sparse+https://other.example/index/")],
  ["exec", ["exec", "--", "/bin/sh", "-c", 'printf %s "$CODEARTIFACT_AUTH_TOKEN"'], undefined],
  ["a command that is missing", ["exec", "--", "no-such-command"], undefined],
  ["status", ["status", "--json"], undefined],
  ["the version", ["--version"], undefined],
  ["usage", ["no-such-command"], undefined],
  ["the manual of a command", ["setup", "--help"], undefined],
];

async function outcome([, args, stdin]: (typeof commands)[number], env: Record<string, string>) {
  const run = await laptop.run([executable, ...args], { env, ...(stdin ? { stdin } : {}) });
  return { ...run, written: readdirSync(empty) };
}

const values = () => ["1", "0", "true", "curl", "-1", "--help", "127.0.0.1:0", join(empty, "file"), "%", ""];

/** The first variable that alone makes the difference. */
async function culprit(command: (typeof commands)[number], value: string, expected: object): Promise<string> {
  for (const name of variables) {
    if (!Bun.deepEquals(await outcome(command, { [name]: value }), expected)) return `${name}=${value}`;
  }
  return `several variables together, with the value ${value}`;
}

test("the list of the runtime's variables is complete", () => {
  expect(variables.length).toBeGreaterThan(1000);
  for (const name of [
    "BUN_BE_BUN",
    "BUN_JSC_dumpOptions",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_DEBUG",
    "MIMALLOC_VERBOSE",
  ]) {
    expect(variables).toContain(name);
  }
});

describe("with every variable of the runtime set", () => {
  test.each(commands)(
    "%s prints and ends as without",
    async (title, args, stdin) => {
      const command: (typeof commands)[number] = [title, args, stdin];
      const expected = await outcome(command, {});
      for (const value of values()) {
        const env = Object.fromEntries(variables.map((name) => [name, value]));
        const came = await outcome(command, env);
        if (!Bun.deepEquals(came, expected)) {
          expect({ came, by: await culprit(command, value, expected) }).toEqual({ came: expected, by: "" });
        }
      }
    },
    300_000,
  );

  test("what vouch becomes gets each of the runtime's variables unchanged", async () => {
    const env = Object.fromEntries(variables.map((name, index) => [name, `value ${index} of ${name}`]));
    const { stdout } = await laptop.run([executable, "exec", "--", "/usr/bin/env", "-0"], { env });
    const given = new Map(stdout.split("\0").map((line) => [line.slice(0, line.indexOf("=")), line]));
    // The runtime takes these two out of what it calls the environment: the end of a pipe that only its parent means.
    for (const name of ["NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"]) given.set(name, `${name}=${env[name]}`);
    expect(variables.filter((name) => given.get(name) !== `${name}=${env[name]}`)).toEqual([]);
  });
});
