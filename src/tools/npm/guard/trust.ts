/** Pins the settings that decide whom npm trusts to the user's own values while it has a token. */
import type { Environment } from "../../../base/environment.ts";
import { environmentSettings, type Setting } from "./settings-text.ts";

/**
 * Settings that a project may not decide, with the value that means "not set" in a variable. Lists and strings cannot
 * be unset this way: npm would use "null" literally.
 */
const pinned: Readonly<Record<string, string>> = {
  "https-proxy": "null",
  proxy: "null",
  "local-address": "null",
  "strict-ssl": "true",
  // An empty file: npm keeps its default authorities.
  cafile: "/dev/null",
  // A program that npm starts for git dependencies.
  git: "git",
  // Options of Node.js can load code into the npm that npm starts in a git dependency's clone. Blank: npm removes it.
  "node-options": " ",
  // Which hosts of a lock file npm replaces by the registry's, to which it then sends the token.
  "replace-registry-host": "npmjs",
};

/** Settings that no variable overrides: a project that sets one gets no token. */
const unpinnable = new Set(["ca", "cert", "key", "certfile", "keyfile", "userconfig", "globalconfig", "prefix"]);

/** Additional settings of pnpm. Precedence differs between its versions, so all of them are refused. */
const ofPnpm = new Set(["http-proxy", "no-proxy", "noproxy", "npmrc-auth-file", "pnpr-server"]);

/** Variables that pin npm's trust to the environment, else the user's file, else the global one, else the default. */
export function trustVariables(env: Environment, user: Setting[], global: Setting[]): Record<string, string> {
  const fromEnvironment = new Set(environmentSettings(env).map(({ key }) => key));
  const noProxy = env["NO_PROXY"] || env["no_proxy"] || ".invalid";
  const variables: Record<string, string> = {};
  for (const [key, unset] of Object.entries({ ...pinned, noproxy: noProxy })) {
    if (fromEnvironment.has(key)) continue;
    const own = valueOf(user, key) ?? valueOf(global, key);
    variables[`npm_config_${key.replaceAll("-", "_")}`] = own ?? unset;
  }
  return variables;
}

/** Whether a project that sets this key gets no token for npm (or pnpm). */
export function isRefusedKey(key: string, tool: "npm" | "pnpm"): boolean {
  const name = kebabCase(key);
  // pnpm passes node-options to scripts only, which get no token.
  const isPinned = Object.hasOwn(pinned, name) && name !== "node-options";
  return unpinnable.has(name) || (tool === "pnpm" && (isPinned || ofPnpm.has(name)));
}

/** Whether the value, as written, decides nothing that the user would not: no proxy, and certificates that are checked. */
export function isHarmlessValue(key: string, value: unknown): boolean {
  const name = kebabCase(key);
  if (name === "strict-ssl") return value === true || value === "true";
  return /^(?:https?-)?proxy$/.test(name) && (value === null || value === "null");
}

/** Whether npm uses the user's value instead of the project's. */
export function isPinnedKey(key: string): boolean {
  return Object.hasOwn(pinned, key) || key === "noproxy";
}

/** What such a setting does, to follow its key in a message. */
export function reasonOf(key: string): string {
  // Of yarn 1 (tools/yarn/token-destinations.ts).
  if (/:_(authToken|password)\b|custom-host-suffix$/i.test(key)) return "makes yarn 1 send its registry's token there";
  if (key.startsWith("--")) return "is an option that can decide about the connection";
  const name = kebabCase(key.replace(/^.*:/s, ""));
  if (name.endsWith("registry")) return "decides where packages are asked for";
  if (name.endsWith("token")) return "decides which token is sent";
  if (/proxy$|^pnpr-server$/.test(name)) return "decides through whom the connection goes";
  if (name === "local-address") return "decides from which address the connection is made";
  if (/^(userconfig|globalconfig|prefix|npmrc-auth-file)$/.test(name))
    return "decides which settings are read as yours";
  if (name === "git") return "names a program that is started";
  if (name === "node-options") return "can load code into npm";
  if (name === "replace-registry-host") return "decides which addresses are taken for the registry's";
  return "decides whom the connection trusts";
}

/** Whether `publishConfig` may not contain it: it overrides the environment. */
export function isRefusedInPublishConfig(key: string): boolean {
  return isRefusedKey(key, "pnpm") || isPinnedKey(kebabCase(key));
}

/** The effective value, which is the last; lists in the form of npm's variables. */
function valueOf(settings: Setting[], key: string): string | undefined {
  const values = settings.filter((setting) => setting.key === key && setting.value !== "");
  return key === "noproxy" && values.length > 1 ? values.map(({ value }) => value).join("\n\n") : values.at(-1)?.value;
}

function kebabCase(key: string): string {
  // HTTPS_PROXY
  if (!/[a-z]/.test(key)) return key.toLowerCase().replaceAll("_", "-");
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}
