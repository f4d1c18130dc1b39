/**
 * Edits Cargo's configuration: one registry with Vouch as its credential provider.
 * https://doc.rust-lang.org/cargo/reference/config.html
 */
import { basename } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { type Edit, splitLines } from "../../editing/block.ts";
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import { byHandHint, type Edited } from "../../editing/edited.ts";
import { setKeys, statementsOf } from "../../editing/toml-edits.ts";
import type { TomlStatement } from "../../editing/toml-statements.ts";
import { parseToml, parseUserToml, setValue, withoutKeys } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

export interface CargoRegistry {
  /** The name in `registries.NAME`. */
  name: string;
  /** `sparse+https://…/` */
  index: string;
  /** The absolute path of vouch; absent in a project's file, which names nobody's. */
  credentialProvider?: string;
}

/** How our own lines are recognized. */
interface OwnLines {
  file: string;
  indexes: string[];
  /** Paths of vouch under other names. */
  executables: string[];
  onKept?: (line: string) => void;
}

type Table = Record<string, unknown>;

/** Checks a registry's name against Cargo's rules, restricted to ASCII letters. Throws `usage`. */
export function checkRegistryName(name: string): void {
  if (name !== "" && registryNameFrom(name) === name) return;
  const why =
    name === "crates-io" ? "that is crates.io's own name" : "Cargo takes letters, digits, - and _, no digit first";
  throw new VouchError("usage", `"${name}" cannot be the name of a Cargo registry: ${why}.`, {
    hint: `Give another name: --registry-name ${registryNameFrom(name) || "NAME"}`,
  });
}

/** The closest name that Cargo accepts: `my-repo` for `my.repo`. */
export function registryNameFrom(name: string): string {
  if (name === "crates-io") return "private-crates-io";
  return name.replace(/[^A-Za-z0-9_-]/g, "-").replace(/^([0-9-])/, "r$1");
}

/**
 * Sets `registries.NAME.index` and `.credential-provider`. `text` is undefined if there is no file; `file` is its path
 * for messages; `formerly` are indexes that an earlier block of ours may contain. Throws `edit_conflict`, with the
 * lines to write by hand, if the file cannot be edited so that only these two keys change.
 */
export function setCargoRegistry(
  text: string | undefined,
  id: string,
  registry: CargoRegistry,
  file: string,
  formerly: string[] = [],
): Edited {
  const own = { file, indexes: [registry.index, ...formerly], executables: [registry.credentialProvider ?? []].flat() };
  const before = text === undefined ? undefined : unsetCargoRegistry(text, id, own);
  const wanted = parseUserToml(before ?? "", file);
  checkConflicts(wanted, registry, file);
  const keys = keysOf(registry);
  for (const [key, value] of keys) setValue(wanted, ["registries", registry.name, key], value);
  const hint = `${byHandHint}\n${tableLines(registry.name, keys).join("\n")}`;
  const edits = editsFor(before ?? "", registry.name, keys);
  const edited = insertCheckedBlocks(before, id, edits, { file, valuesIn: parseToml, wanted, hint });
  return { text: edited, warnings: [] };
}

/**
 * Removes the registry with that id: lines that name one of the indexes, or a vouch as provider. `onKept` receives the
 * user's lines in the block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetCargoRegistry(
  text: string,
  id: string,
  { file, indexes, executables, onKept }: OwnLines,
): string | undefined {
  const isOwn = (line: string): boolean => {
    if (/^\[registries\.[\w-]+\]$/.test(line)) return true;
    const [, name, value] = /^(?:[\w."-]+\.)?(index|credential-provider) = (.*)$/.exec(line) ?? [];
    if (name === undefined) return false;
    const parsed = parseToml(`value = ${value}`)?.["value"];
    if (name === "index") return typeof parsed === "string" && indexes.includes(parsed);
    const words = [parsed].flat();
    const program = words[0];
    return (
      words.length === 1 &&
      typeof program === "string" &&
      (basename(program) === "vouch" || executables.includes(program))
    );
  };
  const keyOf = (line: string): string | undefined => /^([\w."'-]+)\s*=/.exec(line)?.[1]?.replace(/^.*\./, "");
  return removeCheckedBlocks(text, id, {
    file,
    isOwn,
    keyOf,
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => withoutKeys(left, "registries", ["index", "credential-provider"]),
  });
}

/**
 * A string if the path contains no white space, at which Cargo splits it: a project's own value is usually a string (as
 * AWS documents it), and Cargo refuses a string in one file and an array in another.
 */
function providerValue(path: string): string | string[] {
  return /\s/.test(path) ? [path] : path;
}

type Key = [name: string, value: string | string[]];

/** The keys of the registry's table. */
function keysOf({ index, credentialProvider }: CargoRegistry): Key[] {
  const provider: Key[] =
    credentialProvider === undefined ? [] : [["credential-provider", providerValue(credentialProvider)]];
  return [["index", index], ...provider];
}

function tableLines(name: string, keys: Key[]): string[] {
  return [`[registries.${name}]`, ...keys.map(([key, value]) => `${key} = ${JSON.stringify(value)}`)];
}

/** A registry without a table of its own gets one at the end, in place of one that is written inline. */
function editsFor(text: string, name: string, keys: Key[]): Edit[] {
  const path = ["registries", name];
  const isAt = ({ table, key }: TomlStatement, ...below: string[]): boolean =>
    Bun.deepEquals([...table, ...key], [...path, ...below]);
  const statements = statementsOf(text);
  if (statements.some((each) => (each.kind === "table" ? isAt(each) : keys.some(([key]) => isAt(each, key))))) {
    return setKeys(
      text,
      keys.map(([key, value]) => [[...path, key], JSON.stringify(value)]),
    );
  }
  const inline = statements.filter((each) => each.kind === "key/value" && isAt(each));
  const end = splitLines(text).length;
  return [
    ...inline.map(({ from, to }) => ({ from, to, lines: [] })),
    { from: end, to: end, lines: tableLines(name, keys) },
  ];
}

function checkConflicts(config: Table, { name, index }: CargoRegistry, file: string): void {
  const registries = tableOf(config["registries"]);
  for (const [other, value] of Object.entries(registries)) {
    const otherIndex = tableOf(value)["index"];
    if (other === name && otherIndex !== undefined && otherIndex !== index) {
      throw new VouchError("edit_conflict", `${file} already has a registry ${name}, with another index.`, {
        hint: "Choose another name with --registry-name NAME, or delete that registry from the file.",
      });
    }
    if (other !== name && otherIndex === index) {
      throw new VouchError(
        "edit_conflict",
        `${file} already has this index under the name ${other}; Cargo takes each index only once.`,
        { hint: `Use that name: --registry-name ${other}` },
      );
    }
  }
}
