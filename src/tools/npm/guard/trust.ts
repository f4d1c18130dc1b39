/** What decides whom npm trusts: kept to the user's own values while it holds a token. */
import { environmentSettings, type Setting } from "./settings-text.ts";

type Environment = Record<string, string | undefined>;

/**
 * Settings that a project may not decide, with the value that means "not set" in a variable. A list or a string cannot
 * be unset so: npm would take "null" as it is.
 */
const pinned: Readonly<Record<string, string>> = {
  "https-proxy": "null",
  proxy: "null",
  "local-address": "null",
  "strict-ssl": "true",
  // An empty file: npm then keeps its default authorities.
  cafile: "/dev/null",
  // A program that npm starts for dependencies in git.
  git: "git",
  // Which hosts of a lock file npm replaces by the registry's, with the token then sent there.
  "replace-registry-host": "npmjs",
};

/** What no variable can take back from a project's file: with these in it there is no token. */
const unpinnable = new Set(["ca", "cert", "key", "certfile", "keyfile", "userconfig", "globalconfig", "prefix"]);

/** What of pnpm is of this kind besides. Its versions differ in what beats what, so it is refused, all of it. */
const ofPnpm = new Set(["http-proxy", "no-proxy", "noproxy", "npmrc-auth-file", "pnpr-server"]);

/** The variables that pin npm's trust to the environment, else the user's file, else the global one, else the default. */
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

/** Whether a project's file that says this gets npm (or pnpm) no token. */
export function isRefusedKey(key: string, tool: "npm" | "pnpm"): boolean {
  const name = kebabCase(key);
  return unpinnable.has(name) || (tool === "pnpm" && (Object.hasOwn(pinned, name) || ofPnpm.has(name)));
}

/** Whether npm goes by the user's value in place of this. */
export function isPinnedKey(key: string): boolean {
  return Object.hasOwn(pinned, key) || key === "noproxy";
}

/** What is wrong with such a setting of a project, to be read behind its key. */
export function reasonOf(key: string): string {
  const name = kebabCase(key.replace(/^.*:/s, ""));
  if (/proxy$|^pnpr-server$/.test(name)) return "decides through whom the connection goes";
  if (name === "local-address") return "decides from which address the connection is made";
  if (/^(userconfig|globalconfig|prefix|npmrc-auth-file)$/.test(name))
    return "decides which settings are read as yours";
  if (name === "git") return "names a program that is started";
  if (name === "replace-registry-host") return "decides which addresses are taken for the registry's";
  return "decides whom the connection trusts";
}

/** Whether `publishConfig` may not have it: what it says beats the environment. */
export function isRefusedInPublishConfig(key: string): boolean {
  return isRefusedKey(key, "pnpm") || isPinnedKey(kebabCase(key));
}

/** The last value, which is the one that counts; lists as npm takes them from a variable. */
function valueOf(settings: Setting[], key: string): string | undefined {
  const values = settings.filter((setting) => setting.key === key && setting.value !== "");
  return key === "noproxy" && values.length > 1 ? values.map(({ value }) => value).join("\n\n") : values.at(-1)?.value;
}

function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}
