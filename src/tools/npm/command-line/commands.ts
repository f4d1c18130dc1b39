/** Which of npm's commands contact a registry. */
import { type NpmArguments, npxToNpm, parseNpm } from "./arguments.ts";
import { abbreviated, isKnown, type Known, type NpmVersion, readList, versions } from "./options.ts";

/** npm's commands (lib/utils/cmd-list.js of npm 9 to 12); those before the bar contact no registry. */
const commands =
  "completion config edit explain explore get help help-search ll ls pkg prefix query rebuild restart root run " +
  "run-script sbom set start stop test version approve-scripts@11-12 deny-scripts@11-12 install-scripts@11-12 | " +
  "access adduser@9-11 audit bugs cache ci dedupe deprecate diff dist-tag docs doctor exec find-dupes fund " +
  "hook@9-10 init install install-ci-test install-test link login logout org outdated owner pack patch@12 ping profile " +
  "prune publish repo search shrinkwrap@9-11 stage@11-12 star@9-11 stars@9-11 team token trust@11-12 undeprecate@11-12 " +
  "uninstall unpublish unstar@9-11 update view whoami";

const aliases =
  "author:owner home:docs issues:bugs info:view show:view find:search add:install unlink:uninstall remove:uninstall " +
  "rm:uninstall r:uninstall un:uninstall rb:rebuild list:ls ln:link create:init i:install it:install-test " +
  "cit:install-ci-test u:update@11-12 up:update c:config s:search se:search tst:test t:test ddp:dedupe v:view " +
  "run-script:run clean-install:ci clean-install-test:install-ci-test x:exec why:explain la:ll verison:version ic:ci " +
  "innit:init in:install ins:install inst:install insta:install instal:install isnt:install isnta:install " +
  "isntal:install isntall:install install-clean:ci isntall-clean:ci hlep:help dist-tags:dist-tag upgrade:update " +
  "udpate:update rum:run sit:install-ci-test urn:run ogr:org add-user:adduser@9-11";

let tables: { commands: Known[]; aliases: Known[]; local: Set<string> } | undefined;

/** Made when the first command is looked up. */
function knownCommands(): NonNullable<typeof tables> {
  if (tables !== undefined) return tables;
  const list = readList(commands);
  const bar = list.findIndex(({ name }) => name === "|");
  const local = new Set(list.slice(0, bar).map(({ name }) => name));
  tables = { commands: list.toSpliced(bar, 1), aliases: readList(aliases), local };
  return tables;
}

/** One version's reading of an npm command line. */
export interface NpmCommand extends NpmArguments {
  /** The command's full name; undefined if npm has no such command, or only prints help or version. */
  command: string | undefined;
  /** Whether it may contact a registry, as far as the arguments tell. */
  asksRegistry: boolean;
}

/** The command line as every version of npm reads it: their options differ, the result hardly ever. */
export function readCommand(name: "npm" | "npx", args: readonly string[]): NpmCommand[] {
  return versions.map((version) => {
    const { words, given } = parseNpm(name === "npx" ? npxToNpm(args, version) : args, version);
    const isInformation = ["version", "versions", "usage"].some((option) => given.get(option)?.at(-1) === true);
    const [first, ...rest] = words;
    const command = isInformation ? undefined : resolveCommand(first, version);
    const asksRegistry = command !== undefined && !knownCommands().local.has(command) && !isLocal(command, rest);
    return { words: rest, given, command, asksRegistry };
  });
}

/** `npm pack` and `npm init` contact the registry only for a package's name. */
function isLocal(command: string, words: string[]): boolean {
  if (command === "init") return words.length === 0;
  return command === "pack" && words.every((word) => /^(\.{0,2}\/|\.{1,2}$|~\/|file:)/.test(word));
}

/** The full name of a command (npm's `deref`); undefined if there is none, or if the prefix is ambiguous. */
export function resolveCommand(word: string | undefined, version: NpmVersion): string | undefined {
  if (!word) return undefined;
  const known = (list: Known[]) => list.filter((one) => isKnown(one, version)).map(({ name }) => name);
  const names = known(knownCommands().commands);
  const others = new Map(known(knownCommands().aliases).map((entry) => entry.split(":") as [string, string]));
  const typed = word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const full = names.includes(typed) ? typed : (others.get(typed) ?? abbreviated(typed, [...names, ...others.keys()]));
  const resolved = others.get(full ?? "") ?? full;
  return resolved === "run-script" ? "run" : resolved;
}

/** The values of an option, in any version's reading. */
export function valuesOf(readings: readonly NpmCommand[], option: string): string[] {
  return readings.flatMap(({ given }) => given.get(option) ?? []).filter((value) => typeof value === "string");
}
