/**
 * Blocks plain http to the registry's host from URLs that no project file shows: a registry's answer (`dist.tarball`),
 * a transitive dependency, a redirect. npm and pnpm would send the token there; a dead proxy for plain http stops them.
 */
import type { Environment } from "../../../base/environment.ts";
import { environmentSettings, type Setting } from "./settings-text.ts";

/**
 * The value of `proxy`, which npm and pnpm read last and only for plain http; curl, git and others do not read it. npm
 * rejects an unknown scheme and shows it; pnpm would ignore one and connect directly.
 */
const nowhere = { npm: "plain-http-refused-by-vouch://no-tls", pnpm: "http://127.0.0.1:1" };

const proxyNames = new Set(["https_proxy", "http_proxy", "proxy"]);

/** Local registries, which need no TLS. */
const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** Maximum length of the exception list, which becomes an environment variable. */
const maxExceptions = 100;

export interface PlainHttpQuestion {
  tool: "npm" | "pnpm";
  env: Environment;
  /** The user's own settings, from their files. */
  own: Setting[];
  /** Hosts that receive a token, with a port if any. */
  hosts: string[];
  /** Host names that the project or the user names with plain http. */
  plainHosts: Iterable<string>;
}

/**
 * Variables that block plain http, except to hosts that files name openly and that receive no token. Empty if the user
 * has a proxy: npm and pnpm use an https proxy for plain http as well.
 */
export function plainHttpVariables({ tool, env, own, hosts, plainHosts }: PlainHttpQuestion): Record<string, string> {
  if (hasProxy(env, own)) return {};
  const said = ownNoProxy(env, own)?.split(/[,\s]+/) ?? [];
  const isCovered = (exception: string) => hosts.some((host) => covers(exception, host.replace(/:\d+$/, "")));
  const exceptions = [...new Set([...said, ...loopback, ...plainHosts])].filter((one) => one && !isCovered(one));
  const noProxy = exceptions.slice(0, maxExceptions).join(",");
  const names = tool === "npm" ? ["npm_config_noproxy"] : ["no_proxy", "NO_PROXY"];
  return { proxy: nowhere[tool], ...Object.fromEntries(names.map((name) => [name, noProxy])) };
}

/**
 * The host names of plain-http URLs in a text; no other hosts, because they become items of a list: `%2c` in a URL is a
 * comma in its host.
 */
export function plainHostsIn(text: string): string[] {
  return [...text.matchAll(/http:\/\/[^\s"'<>`|^,;]+/gi)]
    .flatMap(([address]) => URL.parse(address)?.hostname ?? [])
    .filter((host) => /^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/.test(host));
}

function hasProxy(env: Environment, own: Setting[]): boolean {
  const ofVouch: (string | undefined)[] = Object.values(nowhere);
  const named = Object.entries(env).some(
    ([name, value]) => value && proxyNames.has(name.toLowerCase()) && !ofVouch.includes(value),
  );
  const isProxy = ({ key, value }: Setting) =>
    ["proxy", "https-proxy", "http-proxy"].includes(key) && !["", "null", "false"].includes(value);
  return named || [...environmentSettings(env), ...own].some(isProxy);
}

function ownNoProxy(env: Environment, own: Setting[]): string | undefined {
  const settings = [...own, ...environmentSettings(env)].filter(({ key }) => key === "noproxy" || key === "no-proxy");
  return settings.at(-1)?.value ?? (env["NO_PROXY"] || env["no_proxy"]);
}

/** Whether an exception applies to the host: npm and pnpm compare the labels from the right. */
function covers(exception: string, host: string): boolean {
  const name = exception.toLowerCase().split(".").filter(Boolean).join(".");
  return name.includes("*") || name === "true" || host === name || host.endsWith(`.${name}`);
}
