/**
 * Checks a project's data files (untrusted input) for settings and URLs that could make npm or pnpm send the token
 * elsewhere. Runs no project code. Reads more files than each version of a tool does: if in doubt, no token.
 */
import type { Environment } from "../../../../base/environment.ts";
import { findInDocument, findUnsafeAddress, isHarmless } from "../addresses.ts";
import { isStronger, isTrustOfHost } from "../credentials.ts";
import { parseDocument } from "./documents.ts";
import { namesIn, realPath, statusOf, textOf } from "../files.ts";
import { localPaths, repositoryPaths, specsOf } from "./local-specs.ts";
import { memberFolders } from "./members.ts";
import { type Objection, otherRepository, refusal, unsafeAddress } from "../objections.ts";
import { dirname, join, resolve } from "../paths.ts";
import { plainHostsIn } from "../plain-http.ts";
import { findOtherRepository, hasOwnRepositoriesOnly, otherRepositoryIn } from "../repositories.ts";
import { parseNpmrc, replaceInDocument, replaceVariables } from "../settings-text.ts";
import { refersToToken } from "../token-variables.ts";
import { isHarmlessValue, isPinnedKey, isRefusedInPublishConfig, isRefusedKey } from "../trust.ts";

export interface ProjectQuestion {
  tool: "npm" | "pnpm";
  /** Tools whose data files are checked: the started one, and one that it starts (`npx pnpm`). */
  readers: ("npm" | "pnpm")[];
  /** The command's folders, absolute: the current one, that of `--prefix`. */
  folders: string[];
  /** Hosts with a token, in lower case. */
  hosts: string[];
  /** What a token is for, as HOST/PATH/. */
  addresses: readonly string[];
  /** Hosts in lock files that npm replaces by the registry's host; the scheme stays. */
  replacedHosts: string[];
  env: Environment;
  /** The user's own files, which are not the project's. */
  userFiles: string[];
  /** Whether a package is published: then packed files are checked as well. */
  publishes: boolean;
}

export interface ProjectAnswer {
  /** Reasons for giving no token. */
  objections: Objection[];
  /** Project settings that npm ignores in favour of the user's. */
  overridden: { file: string; key: string }[];
  /** Credentials for the addresses, which a file of less weight cannot override. */
  stronger: { file: string; key: string }[];
  /** Values of `packageManager` and `devEngines` in the manifests. */
  packageManagers: string[];
  /** Host names that the files name with plain http. */
  plainHosts: Set<string>;
}

const manifests = ["package.json", "package.yaml", "package.json5"];

/**
 * File patterns. npm takes URLs from yarn's lock file as well; pnpm reads only versions from npm's and yarn's (`pnpm
 * import`).
 */
const lockFiles = {
  npm: ["package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json", "yarn.lock"],
  pnpm: ["pnpm-lock*.yaml", "node_modules/.pnpm/lock.yaml"],
};

/** Checks the project files of these folders and of all parents that npm or pnpm may consider part of the project. */
export async function examineProject(question: ProjectQuestion): Promise<ProjectAnswer> {
  const answer: ProjectAnswer = {
    objections: [],
    overridden: [],
    stronger: [],
    packageManagers: [],
    plainHosts: new Set(),
  };
  const seen = new Set<string>();
  for (const folder of question.folders) {
    await examineArchive(folder, question, answer);
    for (let at = folder; ; at = dirname(at)) {
      if (at === folder || isProject(at)) await examineFolder(at, question, answer, seen);
      if (at === dirname(at)) break;
    }
  }
  return answer;
}

/** Where npm and pnpm stop searching for the project's root, or for the workspace's. */
function isProject(folder: string): boolean {
  const isThere = (name: string) => statusOf(join(folder, name)) !== undefined;
  if (manifests.some(isThere) || isThere("pnpm-workspace.yaml")) return true;
  return statusOf(join(folder, "node_modules"))?.isDirectory() ?? false;
}

async function examineFolder(
  folder: string,
  question: ProjectQuestion,
  answer: ProjectAnswer,
  seen: Set<string>,
): Promise<void> {
  if (seen.has(folder)) return;
  seen.add(folder);
  examineNpmrc(join(folder, ".npmrc"), question, answer);
  const ofLock = { ...question, hosts: [...question.hosts, ...question.replacedHosts] };
  for (const pattern of question.readers.flatMap((reader) => lockFiles[reader])) {
    examineMatches(folder, pattern, ofLock, answer);
  }
  const workspace = join(folder, "pnpm-workspace.yaml");
  const isOfPnpm = question.readers.includes("pnpm");
  const settings = isOfPnpm ? examineWorkspace(workspace, question, answer) : undefined;
  if (question.tool === "pnpm" && refersToToken(JSON.stringify(settings ?? {}))) {
    answer.objections.push({ file: workspace, key: "a setting", why: "names the variable of a token" });
  }
  for (const [key, value] of Object.entries(settings ?? {})) {
    if (question.tool === "pnpm" && isRefusedKey(key, "pnpm") && !isHarmlessValue(key, value))
      answer.objections.push(refusal(workspace, key));
    examinePlace(folder, key, value, question, answer);
  }
  const members: unknown[] = listOf(settings?.["packages"]);
  for (const name of isOfPnpm ? manifests : ["package.json"]) {
    const file = join(folder, name);
    const manifest = examineDocument(file, question.hosts, answer);
    if (manifest === undefined) continue;
    examineManifest(file, manifest, answer);
    const { workspaces } = manifest as { workspaces?: { packages?: unknown } };
    members.push(...listOf(workspaces), ...listOf(workspaces?.packages));
    await examineSpecs(file, specsOf(manifest), question, answer, seen);
  }
  await examineSpecs(workspace, specsOf(settings ?? {}), question, answer, seen);
  if (question.publishes) examinePacked(folder, answer);
  const tooMany = { file: folder, key: "the workspace", why: "has more folders than can be checked" };
  const patterns = members.filter((member) => typeof member === "string");
  for (const member of memberFolders(folder, patterns, () => answer.objections.push(tooMany))) {
    await examineFolder(member, question, answer, seen);
  }
}

/** Examines the folders and archives that specifications in the file name, whose dependencies are installed as well. */
async function examineSpecs(
  file: string,
  specs: readonly string[],
  question: ProjectQuestion,
  answer: ProjectAnswer,
  seen: Set<string>,
): Promise<void> {
  const folder = dirname(file);
  const home = question.env["HOME"] ?? "/";
  const other = specs.find((spec) => findOtherRepository(spec, question.addresses) !== undefined);
  if (other !== undefined) answer.objections.push(otherRepository(file, { key: "", url: other }));
  for (const spec of specs) {
    const repositories = repositoryPaths(spec, home).map((path) => resolve(folder, path));
    // One elsewhere is as any other dependency in git: the project does not bring it along.
    if (repositories.some((path) => `${path}/`.startsWith(`${question.folders[0]}/`))) {
      answer.objections.push({ file, key: spec, why: "is a repository in the project, whose commits are not checked" });
    }
    for (const path of localPaths(spec, home)) {
      const at = resolve(folder, path);
      if (statusOf(at) === undefined) continue;
      await examineFolder(at, question, answer, seen);
      await examineArchive(at, question, answer);
    }
  }
}

/** Examines the documents of a folder that match the pattern. */
function examineMatches(folder: string, pattern: string, question: ProjectQuestion, answer: ProjectAnswer): void {
  for (const name of pattern.includes("*") ? namesIn(folder, pattern) : [pattern]) {
    examineLock(join(folder, name), question, answer);
  }
}

/** Examines the lock files of a place that a setting of pnpm names: `lockfile-dir` in .npmrc, `lockfileDir` elsewhere. */
function examinePlace(
  folder: string,
  key: string,
  value: unknown,
  question: ProjectQuestion,
  answer: ProjectAnswer,
): void {
  const isPlace = /^(lockfile|virtualstore|modules)dir$/.test(key.replaceAll("-", "").toLowerCase());
  if (!question.readers.includes("pnpm") || !isPlace || typeof value !== "string") return;
  for (const pattern of ["pnpm-lock*.yaml", "lock.yaml", ".pnpm/lock.yaml"]) {
    examineMatches(resolve(folder, value), pattern, question, answer);
  }
}

/** The settings of a pnpm-workspace.yaml, as written and with variables expanded: in keys, too, pnpm expands some. */
function examineWorkspace(
  file: string,
  { hosts, env }: ProjectQuestion,
  answer: ProjectAnswer,
): Record<string, unknown> | undefined {
  const written = examineDocument(file, hosts, answer);
  if (written === undefined) return undefined;
  const expanded = replaceInDocument(written, env) as Record<string, unknown>;
  const found = findInDocument(expanded, hosts);
  if (found !== undefined) answer.objections.push(unsafeAddress(file, found));
  return { ...written, ...expanded };
}

function examineNpmrc(file: string, question: ProjectQuestion, answer: ProjectAnswer): void {
  if (question.userFiles.includes(file)) return;
  const text = textOf(file, tooLarge(file, answer));
  if (text === undefined) return;
  for (const host of plainHostsIn(replaceVariables(text, question.env))) answer.plainHosts.add(host);
  for (const { key, value } of parseNpmrc(text, question.env)) {
    examinePlace(dirname(file), key, replaceVariables(value, question.env), question, answer);
    const address = findUnsafeAddress(`${key} ${replaceVariables(value, question.env)}`, question.hosts);
    if (address !== undefined) answer.objections.push(unsafeAddress(file, { key, url: address }));
    // npm passes its settings on to the npm that it starts in a dependency's clone, which expands references again.
    else if (refersToToken(`${key} ${value}`)) {
      answer.objections.push({ file, key, why: "names the variable of a token" });
    } else if (
      (isRefusedKey(key, question.tool) && !isHarmlessValue(key, value)) ||
      isTrustOfHost(key, question.hosts)
    ) {
      answer.objections.push(refusal(file, key));
    } else if (isPinnedKey(key)) answer.overridden.push({ file, key });
    else if (isStronger(key, question.addresses)) answer.stronger.push({ file, key });
  }
}

/** Examines a lock file, which is parsed only if it may contain such a URL. */
function examineLock(file: string, { hosts, addresses }: ProjectQuestion, answer: ProjectAnswer): void {
  const text = textOf(file, tooLarge(file, answer));
  if (text === undefined || (isHarmless(text) && hasOwnRepositoriesOnly(text, addresses))) return;
  const found = otherRepositoryIn(examineText(file, text, hosts, answer), addresses);
  if (found !== undefined) answer.objections.push(otherRepository(file, found));
}

/** The parsed document, if it is an object. */
function examineDocument(file: string, hosts: string[], answer: ProjectAnswer): Record<string, unknown> | undefined {
  const text = textOf(file, tooLarge(file, answer));
  const document = text === undefined ? undefined : examineText(file, text, hosts, answer);
  return isObject(document) ? document : undefined;
}

function examineText(file: string, text: string, hosts: string[], answer: ProjectAnswer): unknown {
  for (const host of plainHostsIn(text)) answer.plainHosts.add(host);
  // A file that cannot be parsed (or is neither format: yarn.lock) is checked as text.
  const document = parseDocument(file, text);
  const found = findInDocument(document, hosts);
  if (found !== undefined) answer.objections.push(unsafeAddress(file, found));
  return document;
}

function examineManifest(file: string, manifest: Record<string, unknown>, answer: ProjectAnswer): void {
  for (const key of Object.keys((manifest["publishConfig"] as object | undefined) ?? {})) {
    if (isRefusedInPublishConfig(key)) answer.objections.push(refusal(file, `publishConfig.${key}`));
  }
  const { devEngines } = manifest as { devEngines?: { packageManager?: unknown } };
  for (const named of [manifest["packageManager"], ...listOf(devEngines?.packageManager), devEngines?.packageManager]) {
    if (typeof named === "string") answer.packageManagers.push(named);
    const { name, version } = (named ?? {}) as { name?: unknown; version?: unknown };
    if (typeof name === "string") answer.packageManagers.push(`${name}@${String(version)}`);
  }
}

/** The manifests and lock files in a package archive, including those of bundled packages. */
async function examineArchive(file: string, question: ProjectQuestion, answer: ProjectAnswer): Promise<void> {
  if (!/\.(tgz|tar|tar\.gz)$/i.test(file) || statusOf(file)?.isFile() !== true) return;
  try {
    const files = await new Bun.Archive(await Bun.file(file).bytes()).files("**/{package,npm-shrinkwrap}.json");
    for (const [name, manifest] of files) {
      const document = parseDocument(name, await manifest.text());
      const found = findInDocument(document, question.hosts);
      if (found !== undefined) answer.objections.push(unsafeAddress(`${file}: ${name}`, found));
      if (!isObject(document)) continue;
      examineManifest(`${file}: ${name}`, document, answer);
      const isLock = name.endsWith("npm-shrinkwrap.json");
      const other = otherRepositoryIn(isLock ? document : specsOf(document), question.addresses);
      if (other !== undefined) answer.objections.push(otherRepository(`${file}: ${name}`, other));
    }
  } catch {
    // npm may still read what this reader does not.
    answer.objections.push({ file, key: "the archive", why: "cannot be read" });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** npm follows links for README and licence: one into /proc would publish this process's environment. */
function examinePacked(folder: string, answer: ProjectAnswer): void {
  for (const name of namesIn(folder, "*")) {
    const file = join(folder, name);
    const target = realPath(file);
    if (/^\/(proc|dev)\//.test(target)) answer.objections.push({ file, key: target, why: "is no file of the package" });
  }
}

/** Refuses a file that nobody can check. */
function tooLarge(file: string, answer: ProjectAnswer): () => void {
  return () => void answer.objections.push({ file, key: "the file", why: "is too large to be checked" });
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
