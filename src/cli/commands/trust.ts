/** `vouch trust`: lets a project's Cargo configuration decide where requests go and whom they trust (proxy, CA). */
import { existsSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type FolderConfig, folderConfig } from "../../tools/cargo/project/configuration.ts";
import { type NetworkKey, networkKeys } from "../../tools/cargo/project/network-keys.ts";
import { decisiveConfigs, type Decisive } from "../../tools/cargo/project/project-network.ts";
import { shown } from "../../tools/cargo/project/shown.ts";
import {
  type Fingerprint,
  fingerprint,
  isTrusted,
  loadTrustedFolders,
  saveTrustedFolders,
  type TrustedFolder,
  trustedFoldersPath,
} from "../../tools/cargo/project/trusted-folders.ts";
import { VouchError } from "../../base/errors.ts";
import { missing, usage } from "../framework/arguments.ts";
import { defineCommand } from "../framework/command.ts";
import { confirm } from "../terminal/prompt.ts";
import { note, print, printJson, success } from "../terminal/terminal.ts";
import { shellWord } from "../../base/words/shell-word.ts";

const commandName = "vouch trust";

export const trust = defineCommand({
  meta: {
    name: "trust",
    description: "Let a project's Cargo configuration decide about proxies and certificates while packages are read.",
  },
  args: {
    folder: {
      type: "positional",
      valueHint: "FOLDER",
      required: false,
      description: "The folder that holds the project's `.cargo`.",
    },
    list: { type: "boolean", description: "List the folders that you trust." },
    remove: { type: "boolean", description: "Trust FOLDER no longer." },
    json: { type: "boolean", description: "With --list: print it as JSON." },
  },
  teaching: {
    usage: "FOLDER | --list | --remove FOLDER",
    details: [
      "Cargo merges `.cargo/config.toml` of the current folder and of each of its parents. Where one of them sets a proxy, a certificate authority or another key that decides where requests go, Cargo gets no token: the file may have come with the project. This command shows the keys, asks on the terminal, and remembers the hash of every file that they name; when one of them changes, it is to be asked again.",
      "It holds for reading packages. Nothing is published through such a configuration. What stands in your own `~/.cargo/config.toml`, or in variables such as CARGO_HTTP_PROXY, needs no such permission.",
    ],
    examples: [
      ["vouch trust ~/code/project", "Look at what the project sets, and allow it."],
      ["vouch trust --list", "See what is trusted, and whether it has changed since."],
      ["vouch trust --remove ~/code/project", "Trust it no longer."],
    ],
  },
  async run({ args }) {
    const path = trustedFoldersPath();
    const trusted = loadTrustedFolders(path);
    const { folder } = args;
    if (args.list) {
      if (folder !== undefined) throw usage("--list takes no folder.", commandName, `${commandName} --list`);
      return list(trusted, args.json === true);
    }
    if (folder === undefined) throw missing("FOLDER is missing.", commandName, `${commandName} FOLDER`);
    if (args.remove) return forget(folder, trusted, path);
    await allow(folder, trusted, path);
  },
});

async function allow(named: string, trusted: TrustedFolder[], path: string): Promise<void> {
  const folder = realFolder(named);
  const decisive = await decisiveConfigs([folder], process.env);
  const own = decisive.find(({ config }) => config.folder === folder);
  if (own === undefined) return sayNothingToTrust(folder, decisive);
  if (own.isTrusted) return success(`${shown(folder)} is trusted already, as it is.`);
  const unclear = own.config.files.find((file) => file.unclear !== undefined);
  if (unclear) {
    throw new VouchError("project_untrusted", shown(`${unclear.path} is not clear: ${unclear.unclear}.`), {
      hint: "Nobody could say what you would allow. Correct the file, then run the command again.",
    });
  }
  // Race: fingerprint before showing, so that a change in between is never trusted.
  const files = fingerprint(own.config);
  for (const line of describe(own.config, files)) note(shown(line));
  if (!(await confirm("Let these keys decide while Cargo reads packages with your token?", false))) {
    throw new VouchError("cancelled", "Nothing is trusted.");
  }
  saveTrustedFolders([...trusted.filter((each) => each.folder !== folder), { folder, files }], path);
  success(`${shown(folder)} is trusted, until one of these files changes (${path}).`);
}

/** Returns the real path of an existing folder. Throws `usage`. */
function realFolder(named: string): string {
  let cause: unknown;
  try {
    const folder = realpathSync(named);
    if (statSync(folder).isDirectory()) return folder;
  } catch (error) {
    cause = error;
  }
  const hint = `Check its spelling. See \`${commandName} --help\`.`;
  throw new VouchError("usage", shown(`No such folder: ${named}.`), { hint, cause });
}

function sayNothingToTrust(folder: string, decisive: Decisive[]): void {
  note(`Nothing in ${shown(folder)} decides about Cargo's network: there is nothing to trust.`);
  const above = decisive.find((each) => !each.isTrusted);
  if (above)
    note(shown(`${above.file} ${above.why}. To allow that: \`vouch trust ${shellWord(above.config.folder)}\`.`));
}

/** Returns each key with its value and the file that it names, per configuration file. */
function describe(config: FolderConfig, files: Fingerprint): string[] {
  const lines = Map.groupBy(networkKeys(config), ({ file }) => file);
  return [...lines].flatMap(([file, keys]) => [`${file}:`, keys.flatMap((key) => describeKey(key, files))].flat());
}

function describeKey({ key, value, names }: NetworkKey, files: Fingerprint): string[] {
  const text = JSON.stringify(value) ?? "";
  const line = `  ${key} = ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`;
  if (names === undefined) return [line];
  const digest = files[names];
  return [line, `    ${names}: ${digest ? `SHA-256 ${digest}` : "does not exist"}`];
}

function list(trusted: TrustedFolder[], json: boolean): void {
  const states = trusted.map((each) => ({ ...each, state: stateOf(each, trusted) }));
  if (json) return printJson(states);
  if (states.length === 0) note("You trust no project's Cargo configuration.");
  for (const { folder, state } of states) print(shown(`${folder}: ${state}`));
}

function stateOf({ folder }: TrustedFolder, trusted: TrustedFolder[]): string {
  const config = existsSync(folder) ? folderConfig(folder) : undefined;
  if (config === undefined) return "gone";
  try {
    return isTrusted(config, trusted) ? "trusted" : "changed since, so not trusted";
  } catch {
    return "changed since, so not trusted";
  }
}

function forget(named: string, trusted: TrustedFolder[], path: string): void {
  // The folder may have been deleted.
  const folder = existsSync(named) ? realpathSync(named) : resolve(named);
  const rest = trusted.filter((each) => each.folder !== folder);
  if (rest.length === trusted.length) return note(`${shown(folder)} was not trusted.`);
  saveTrustedFolders(rest, path);
  success(`${shown(folder)} is trusted no longer.`);
}
