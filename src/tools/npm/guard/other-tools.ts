/**
 * Checks the project of a package manager that reads npm's files and some of its own, and lets nothing of them be
 * overridden: whatever decides about the connection to the registry's host means no token. Runs no project code.
 */
import type { Environment } from "../../../base/environment.ts";
import { VouchError } from "../../../base/errors.ts";
import { findUnsafeAddress } from "./addresses.ts";
import { namesIn, textOf } from "./files.ts";
import { readSettings } from "./guard.ts";
import { dirname, join, resolve } from "./paths.ts";
import { plainHostsIn, plainHttpVariables } from "./plain-http.ts";
import { type Objection, otherRepository, whyUnsafe } from "./objections.ts";
import { examineProject } from "./project/project.ts";
import { findOtherRepository } from "./repositories.ts";
import { environmentSettings } from "./settings-text.ts";
import { reasonOf } from "./trust.ts";
import { ownUserConfig } from "../user-config.ts";

/** The files of a tool's own, by their names or a pattern, and the keys in each that decide about the connection. */
export type OwnFiles = Readonly<Record<string, (text: string) => string | undefined>>;

export interface OtherToolRequest {
  tool: "yarn" | "bun" | "deno";
  files: OwnFiles;
  args: readonly string[];
  /** Folders that options name in addition to the current one. */
  folders?: readonly string[];
  /** Files that options name, by the pattern whose check they get. */
  named?: readonly (readonly [pattern: string, file: string])[];
  /** The endpoints that a token is for. */
  endpoints: readonly string[];
  publishes: boolean;
  env: Environment;
}

export interface Examined {
  /** What prevents a token, as sentences for the user; empty if nothing does. */
  objections: VouchError[];
  /**
   * Variables that lead plain http nowhere, but to hosts that the project or the user names so and that get no token, for
   * addresses that the tool learns of later. curl does not read the proxy of that spelling.
   */
  barrier: Record<string, string>;
}

/** Examines the project. */
export async function examineForOther(request: OtherToolRequest): Promise<Examined> {
  const { tool, files, args, env } = request;
  const addresses = request.endpoints.map((endpoint) => endpoint.replace("https://", ""));
  const hosts = [...new Set(request.endpoints.map((endpoint) => new URL(endpoint).host))];
  const here = process.cwd();
  const started = [here, ...(request.folders ?? []).map((folder) => resolve(here, folder))];
  const folders = [...new Set(started.flatMap(withParents))];
  const home = env["HOME"] ?? "/";
  const { objections, plainHosts } = await examineProject({
    // Every key that pnpm's guard refuses: what beats what differs between these tools, too.
    tool: "pnpm",
    readers: ["npm"],
    folders,
    hosts,
    addresses,
    replacedHosts: [],
    env,
    userFiles: [join(home, ".npmrc")],
    publishes: request.publishes,
  });
  const paths = folders.flatMap((folder) =>
    Object.keys(files).flatMap((pattern) => {
      const names = pattern.includes("*") ? namesIn(folder, pattern) : [pattern];
      return names.map((name) => [pattern, join(folder, name)] as const);
    }),
  );
  const named = (request.named ?? []).map(([pattern, file]) => [pattern, resolve(here, file)] as const);
  // The user's own files decide, and name hosts, as they like.
  for (const [pattern, file] of [...paths.filter(([, each]) => dirname(each) !== home), ...named]) {
    objections.push(...examine(file, files[pattern]!, hosts, plainHosts));
    if (/\.lockb?$/.test(pattern)) objections.push(...examineLock(file, addresses));
  }
  for (const arg of args) {
    const url = findUnsafeAddress(arg, hosts);
    if (url !== undefined) objections.push(unsafe("The command line", url));
  }
  const own = readSettings([ownUserConfig(env)], env);
  const ownTexts = [...args, ...[...own, ...environmentSettings(env)].map(({ value }) => value)];
  for (const host of ownTexts.flatMap(plainHostsIn)) plainHosts.add(host);
  const { proxy, ...exceptions } = plainHttpVariables({ tool: "pnpm", env, own, hosts, plainHosts });
  return {
    objections: objections.slice(0, 5).map(({ file, key, why, hint = "Remove it there." }) => {
      return new VouchError("project_untrusted", `${tool} gets no token here: ${file}: ${key} ${why}.`, { hint });
    }),
    barrier: proxy === undefined ? {} : { HTTP_PROXY: proxy, ...exceptions },
  };
}

function examine(
  file: string,
  check: (text: string) => string | undefined,
  hosts: string[],
  plainHosts: Set<string>,
): Objection[] {
  const objections: Objection[] = [];
  const text = textOf(file, () => objections.push({ file, key: "the file", why: "is too large to be checked" }));
  if (text === undefined) return objections;
  for (const host of plainHostsIn(text)) plainHosts.add(host);
  // Escapes of JSON, TOML and YAML could hide an address.
  const url = findUnsafeAddress(text, hosts) ?? findUnsafeAddress(withoutEscapes(text), hosts);
  if (url !== undefined) objections.push(unsafe(file, url));
  const key = check(text);
  if (key !== undefined) objections.push({ file, key, why: reasonOf(key) });
  return objections;
}

function examineLock(file: string, addresses: readonly string[]): Objection[] {
  const text = textOf(file, () => {}) ?? "";
  const url = findOtherRepository(text, addresses) ?? findOtherRepository(withoutEscapes(text), addresses);
  return url === undefined ? [] : [otherRepository(file, { key: "", url })];
}

function unsafe(file: string, url: string): Objection {
  return { file, key: url, why: whyUnsafe(url) };
}

/** The text with the escapes of characters in strings decoded. */
export function withoutEscapes(text: string): string {
  return text
    .replace(
      /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|U([0-9a-f]{8}))/gi,
      (whole, ...codes: unknown[]) => {
        const code = Number.parseInt(codes.slice(0, 4).find((each) => typeof each === "string") as string, 16);
        return code > 0x10_ff_ff ? whole : String.fromCodePoint(code);
      },
    )
    .replace(/\\([/:])/g, "$1");
}

function withParents(folder: string): string[] {
  return folder === "/" ? ["/"] : [folder, ...withParents(dirname(folder))];
}
