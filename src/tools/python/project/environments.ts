/**
 * Reads `pip.conf` in virtual environments. pip reads it there (`sys.prefix`) for every command, and a project can
 * bring one: `python3 -m venv .venv` leaves it in place.
 */
import { existsSync, readlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { findOnPath } from "../../../base/system/path.ts";
import { readIfPresent, readRegularFile, whyUnreadable } from "../../../base/system/regular-file.ts";
import { type Mention, urlsIn, unverifiedHost } from "./mentions.ts";
import { longOptionValues } from "./requirements.ts";

const maxBytes = 1 << 20;

/** Settings that affect neither network nor trust; URLs in their values are judged. */
const harmless = new Set(
  `index-url extra-index-url find-links no-index pre prefer-binary only-binary no-binary upgrade upgrade-strategy
  no-deps user target compile no-compile require-hashes require-virtualenv no-build-isolation use-pep517 no-use-pep517
  break-system-packages exists-action root-user-action no-warn-script-location no-warn-conflicts force-reinstall
  ignore-installed timeout default-timeout retries cache-dir no-cache-dir disable-pip-version-check no-python-version-warning
  quiet verbose no-color no-input progress-bar keyring-provider format outdated not-required local`.split(/\s+/),
);

/**
 * The settings in the virtual environments of these programs (pip, or its interpreter; a name is looked up on PATH), of
 * pip's `--python` in `args`, and of VIRTUAL_ENV. `cwd` is the programs' current folder.
 */
export function mentionsOfEnvironments(
  programs: readonly string[],
  args: readonly string[],
  cwd: string,
  env: Environment,
): Mention[] {
  // With this value pip reads no configuration file at all.
  if (env["PIP_CONFIG_FILE"] === "/dev/null") return [];
  const prefixes = new Set<string>();
  const mentions: Mention[] = [];
  for (const program of programs) {
    const path = program.includes("/") ? resolve(cwd, program) : findOnPath(program, env);
    if (path === undefined || !existsSync(path)) {
      mentions.push({ kind: "unknown", place: "pip", what: `its interpreter (${program}) is not to be found` });
    } else for (const each of [path, ...interpretersOf(path, env)]) addPrefixes(prefixes, each);
  }
  for (const named of [...longOptionValues(args, "--python"), env["PIP_PYTHON"], env["VIRTUAL_ENV"]]) {
    if (!named) continue;
    addPrefixes(prefixes, resolve(cwd, named));
    addPrefixes(prefixes, resolve(cwd, named, "bin/python"));
  }
  return [...mentions, ...[...prefixes].flatMap((prefix) => mentionsOfFile(join(prefix, "pip.conf")))];
}

/** Adds the folders with `pyvenv.cfg` beside or above the program, and beside or above the targets of its links. */
function addPrefixes(prefixes: Set<string>, program: string): void {
  let at = program;
  for (let links = 0; links < 40; links++) {
    for (const folder of [at, dirname(at), dirname(dirname(at))]) {
      if (existsSync(join(folder, "pyvenv.cfg"))) prefixes.add(folder);
    }
    try {
      at = resolve(dirname(at), readlinkSync(at));
    } catch {
      return;
    }
  }
}

/** The interpreters in the first lines of a script: `#!PYTHON`, `#!/usr/bin/env python3`, or sh that starts one. */
function interpretersOf(script: string, env: Environment): string[] {
  let head: string;
  try {
    head = readRegularFile(script, 64 * 1024).toString("latin1");
  } catch {
    // The program is an interpreter itself.
    return [];
  }
  if (!head.startsWith("#!")) return [];
  const lines = head.split("\n").slice(0, 3);
  const named = /^#!\s*\S*\/env\s+(?:-S\s+)?(\S+)/.exec(lines[0]!)?.[1];
  const found = named === undefined ? undefined : findOnPath(named, env);
  // A path with blanks is in quotes, or is all of the line.
  const paths = lines.flatMap((line) => line.match(/"[^"]+"|'\/[^']+'|\/[^\s"']+/g) ?? []);
  const whole = lines[0]!.slice(2).trim();
  return [
    whole,
    ...paths.map((path) => path.replace(/^["']|["']$/g, "")),
    ...(found === undefined ? [] : [found]),
  ].filter((path) => path.startsWith("/"));
}

/** Parses as Python's `configparser` does, with option names as pip normalizes them. */
function mentionsOfFile(path: string): Mention[] {
  let text: string | undefined;
  try {
    text = readIfPresent(path, maxBytes)?.toString("utf8");
  } catch (error) {
    return [{ kind: "unknown", place: path, what: whyUnreadable(error) }];
  }
  if (text === undefined) return [];
  const mentions: Mention[] = [];
  let name: string | undefined;
  let indent = 0;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#") || content.startsWith(";")) continue;
    const place = `${path}:${index + 1}`;
    const depth = line.search(/\S/);
    let value = content;
    if (name === undefined || depth <= indent) {
      indent = depth;
      if (/^\[.+\]/.test(content)) {
        name = undefined;
        continue;
      }
      const [key = ""] = /^[^=:]*/.exec(content)!;
      value = content.slice(key.length + 1);
      name = key.trim().toLowerCase().replaceAll("_", "-").replace(/^--/, "");
    }
    mentions.push(...mentionsOfSetting(name, value, place));
  }
  return mentions;
}

function mentionsOfSetting(name: string, value: string, place: string): Mention[] {
  if (name === "trusted-host") {
    const hosts = value.split(/\s+/).filter((host) => host !== "");
    return hosts.map((host) => unverifiedHost(host, place));
  }
  if (!harmless.has(name)) return [{ kind: "setting", place, what: name }];
  const page: Mention[] =
    name === "find-links" && /\.html?\b/i.test(value) && !/^\s*https?:/i.test(value)
      ? [{ kind: "unknown", place, what: "a page with links" }]
      : [];
  return [...page, ...urlsIn(value).map((url): Mention => ({ kind: "url", place, url }))];
}
