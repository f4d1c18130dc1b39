/** Every command of the documentation, run as it stands; what cannot be run here is at least read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import type { ArgsDef } from "citty";
import { checkArguments } from "../../src/cli/framework/arguments.ts";
import { commands } from "../../src/cli/commands.ts";
import { type CommandNode, commandTree } from "../../src/cli/framework/command-tree.ts";
import { flagsOf } from "../../src/cli/framework/flags.ts";
import { client, ClientServer, createClientAccount } from "../client-server.ts";
import { mavenEnvironment, requiresMaven } from "../toolchains/maven.ts";
import { ended, type Laptop, person, registryName, sandboxExecutable, startLaptop } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { requires, requiresKeyringPip } from "../requires.ts";
import { acme, allowSecondAccount, createSecondAccount } from "../sandbox/aws/second-account.ts";
import { names } from "../sandbox/main.ts";
import { myPackage, seedPackage } from "../sandbox/packages.ts";
import { type Block, blocksOf, commandSpans } from "./blocks.ts";
import { findTools, makeProject } from "./projects.ts";

const root = join(import.meta.dir, "../..");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...[...new Glob("docs/**/*.md").scanSync(root)].toSorted(),
];
/** Documents whose blocks have tests of their own. */
const runElsewhere = new Set(["docs/ci.md", "docs/getting-started.md", "docs/install.md", "docs/recovery.md"]);
/** Where nobody is enrolled yet: the document itself says how. */
const startsAtNothing = new Set([
  "README.md",
  "docs/administration.md",
  "docs/attestation.md",
  "docs/audit.md",
  "docs/groups.md",
  "docs/scim.md",
  "docs/server.md",
  "docs/server-settings.md",
  "docs/signing-keys.md",
  "docs/sso.md",
]);
/** What makes a server. Every other document is read where one is there, and opens its configuration file. */
const makesServer = new Set(["README.md", "docs/server.md", "docs/server-settings.md"]);
const opensServer = "export VOUCH_SERVER_CONFIG=/etc/vouch/server.toml\n";

/** The shell of the documentation. */
const hasBash = requires("bash");

const tree = await commandTree(commands, {
  agent: () => import("../../src/agent/process/daemon.ts"),
  server: () => import("../../src/server/command/command.ts"),
});

describe.each(documents)("in %s", (document) => {
  const blocks = blocksOf(document);

  test("there is no command and no flag that vouch does not have", () => {
    const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.split("\n"));
    for (const line of [...lines, ...commandSpans(document)]) {
      for (const words of vouchCommands(line)) expectKnown(words, line);
    }
  });

  const readable = blocks.filter(({ language }) => language !== "sh" || hasBash);
  test.each(readable.map((block) => [`line ${block.line} (${block.language})`, block] as const))(
    "the block can be parsed: %s",
    (_, { language, text }) => {
      if (language === "json") JSON.parse(text);
      if (language === "toml") Bun.TOML.parse(text);
      if (language === "yaml") Bun.YAML.parse(text);
      if (language !== "sh") return;
      const read = Bun.spawnSync(["bash", "-n"], { stdin: Buffer.from(text) });
      expect(read.stderr.toString()).toBe("");
    },
  );

  const toRun = blocks.filter(
    ({ language, elsewhere, file }) => (language === "sh" && !elsewhere) || file !== undefined,
  );
  if (runElsewhere.has(document) || toRun.length === 0) return;
  const opened = toRun.findIndex(({ text }) => text === opensServer);

  test("commands on the server's database come after what makes or opens it", () => {
    const asks = toRun.findIndex(({ text }) => /^vouch server (?!aws\b|config\b)/m.test(text));
    if (makesServer.has(document) || asks < 0) return;
    expect(toRun.flatMap(({ text }) => text.match(/^vouch server init\b.*/m) ?? [])).toEqual([]);
    expect(opened).toBeGreaterThanOrEqual(0);
    expect(opened).toBeLessThan(asks);
  });

  describe.skipIf(!hasBash)("the commands run:", () => {
    let laptop: Laptop;
    const clientServer = new ClientServer();
    const invite = async (line: string) =>
      line.includes("--for client") ? clientServer.invite(laptop) : laptop.invite();

    beforeAll(async () => {
      const accounts = {
        account: allowSecondAccount,
        others: [
          { account: createSecondAccount(names.roleArn), region: acme.region },
          { account: createClientAccount(), region: client.region },
        ],
        routes: [clientServer.route],
      };
      laptop = await startLaptop({
        executable: sandboxExecutable,
        ...(document === "docs/accounts.md" ? accounts : {}),
      });
      const database = `sqlite:${join(laptop.home, ".local/state/vouch/server.db")}`;
      if (opened < 0) laptop.env["VOUCH_DATABASE"] = database;
      else await setUpServer(laptop, database);
      await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
      if (document === "docs/accounts.md") await clientServer.start(laptop);
      if (!startsAtNothing.has(document)) await laptop.getReady("--registry-name", registryName);
    });
    afterAll(async () => {
      await clientServer.stop();
      await laptop?.stop();
    });

    for (const block of toRun) {
      const name = `line ${block.line}: ${block.text.split("\n")[0]}`;
      test.skipIf(block.file === undefined && !canRun(block))(
        name,
        async () => {
          const cwd = block.folder === undefined ? laptop.home : makeProject(laptop.home, block.folder, registryName);
          if (block.file !== undefined) writeFileSync(join(cwd, block.file), block.text);
          else if (block.serves) await serve(laptop, cwd, block);
          else await run(laptop, cwd, block, invite);
        },
        300_000,
      );
    }
  });
});

/** The folder that stands for /etc/vouch in the commands of a document. */
function settingsFolder(laptop: Laptop): string {
  return join(laptop.home, "etc/vouch");
}

/** A server of the company that is there when its document is read, with one person; commands find it by its file. */
async function setUpServer(laptop: Laptop, database: string): Promise<void> {
  const folder = settingsFolder(laptop);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "server.toml");
  writeFileSync(file, `url = "https://vouch.example.com"\ndatabase = "${database}"\n`);
  laptop.env["VOUCH_SERVER_CONFIG"] = file;
  laptop.env["CREDENTIALS_DIRECTORY"] = folder;
  await ended(laptop.vouch("server", "init"));
  await ended(laptop.vouch("server", "invite", person.email));
}

/** Runs a block at a terminal whose person answers what the commands ask. */
async function run(
  laptop: Laptop,
  cwd: string,
  { text, exit, folder }: Block,
  invite: (line: string) => Promise<string>,
): Promise<void> {
  const command = ["bash", "-eu", "-o", "pipefail", "-c", text.replaceAll("/etc/vouch", settingsFolder(laptop))];
  // What pip, gem and bundle install stays in the folder of the test.
  const env = {
    ...laptop.env,
    ...(wordsOf(text).has("mvn") ? mavenEnvironment(laptop.home, laptop.sandbox) : {}),
    PIP_TARGET: join(laptop.home, "site"),
    GEM_HOME: join(laptop.home, "gems"),
    BUNDLE_PATH: join(laptop.home, "bundle"),
    PATH: [laptop.shims, ...findTools(root, folder), laptop.env["PATH"]].join(":"),
  };
  const { exitCode, screen } = await runInTerminal(command, { cwd, env }, async (at) => {
    for (const line of text.split("\n")) {
      if (asksForTools(line)) {
        await at.see("which are installed? [Y/n] ");
        at.type("\r");
      }
      if (/^vouch (enroll|login)\b/.test(line)) {
        if (line.startsWith("vouch enroll")) {
          await at.see("Enrolment code");
          at.type(`${await invite(line)}\r`);
        }
        await at.see("PIN");
        at.type(`${person.pin}\r`);
      }
    }
  });
  expect(`exit code ${exitCode}\n${exitCode === exit ? "" : screen}`).toBe(`exit code ${exit}\n`);
}

/** Whether the command asks a person whether it shall set up all that is installed. */
function asksForTools(line: string): boolean {
  return /^vouch setup codeartifact\b/.test(line) && !/ --(tool|default|project|dry-run|remove|json)\b/.test(line);
}

/** Runs a server until it listens, then ends it as systemd would. */
async function serve(laptop: Laptop, cwd: string, { text }: Block): Promise<void> {
  const child = Bun.spawn(["bash", "-c", `exec ${text}`], { cwd, env: laptop.env, stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  expect(Buffer.from(value ?? []).toString()).toContain("http://");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.split(/[\s'"]+/));
}

/** Whether the programs are there that a block starts, other than the shell's own. */
function canRun({ text, folder }: Block): boolean {
  const known = [
    "cargo",
    "pip",
    "npm",
    "uv",
    "pdm",
    "pnpm",
    "yarn",
    "bun",
    "deno",
    "twine",
    "poetry",
    "hatch",
    "pipx",
    "gem",
    "bundle",
    "sqlite3",
  ];
  const PATH = [...findTools(root, folder), process.env["PATH"]].join(":");
  const words = wordsOf(text);
  const programs = known.filter((program) => words.has(program));
  if (!requires(...programs.map((program) => Bun.which(program, { PATH }) ?? program))) return false;
  if (words.has("mvn") && !requiresMaven()) return false;
  return !words.has("pip") || requiresKeyringPip({ ...process.env, PATH });
}

/** The words of each vouch command in a line, up to what the shell or another program reads. */
function vouchCommands(line: string): string[][] {
  return line.split(/\|\|?|&&|;|\$\(|\(/).flatMap((part) => {
    const words = part.trim().replace(/\).*/, "").split(/\s+/);
    const at = words.findIndex((word) => word === "vouch");
    if (at < 0 || words.slice(0, at).some((word) => !/^([A-Z_]+=.*|sudo|exec)$/.test(word))) return [];
    const end = words.findIndex((word, index) => index > at && /^([>#)…]|--$|2>)/.test(word));
    return [words.slice(at + 1, end < 0 ? undefined : end)];
  });
}

function expectKnown(words: string[], line: string): void {
  let node: CommandNode = tree;
  let rest = words.filter((word) => word !== "--debug");
  for (;;) {
    const child = node.children.find(({ name }) => name === rest[0]);
    if (child === undefined) break;
    node = child;
    rest = rest.slice(1);
  }
  if (rest.some((word) => /^(-h|--help|--version|-V|--cargo-plugin)$/.test(word))) return;
  const isFlag = node.runsItself && rest[0]?.startsWith("-");
  if (node === tree || (node.children.length > 0 && rest.length > 0 && !/^[A-Z]/.test(rest[0]!) && !isFlag)) {
    throw new Error(`vouch has no such command: ${line}`);
  }
  // What a sentence mentions need not be whole: only what is there must exist.
  const optional = Object.fromEntries(
    Object.entries(node.args).map(([name, argument]) => [name, { ...argument, required: false }]),
  ) as ArgsDef;
  const last = flagsOf(node.args).find(({ spellings }) => spellings.includes(rest.at(-1) ?? ""));
  if (last?.value !== undefined) rest = [...rest, last.choices[0] ?? last.value];
  if (node.teaching.usage === undefined) checkArguments(rest, optional, node.path);
}
