/**
 * Plain http to the registry's host that no file of the project shows: by a registry's answer (`dist.tarball`), by the
 * dependency of a dependency, by a redirect. npm and pnpm would send the token there; they are given a proxy for plain
 * http that leads nowhere.
 */
import { environmentSettings, type Setting } from "./settings-text.ts";

type Environment = Record<string, string | undefined>;

/**
 * The value of `proxy`, which npm and pnpm read last and only for plain http; curl, git and others do not read it. npm
 * stops at a scheme that it does not know, and shows it; pnpm would go on without a proxy.
 */
const nowhere = { npm: "plain-http-refused-by-vouch://no-tls", pnpm: "http://127.0.0.1:1" };

const proxyNames = new Set(["https_proxy", "http_proxy", "proxy"]);

/** Local registries, which need no TLS. */
const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** No list of exceptions is longer: it goes into the environment. */
const maxExceptions = 100;

export interface PlainHttpQuestion {
  tool: "npm" | "pnpm";
  env: Environment;
  /** The user's own settings, of their files. */
  own: Setting[];
  /** Hosts that get a token, with a port if any. */
  hosts: string[];
  /** Host names that the project or the user names with plain http. */
  plainHosts: Iterable<string>;
}

/**
 * Variables that end plain http before anything is sent, apart from that to hosts which are named openly and get no
 * token. None where the user has a proxy: npm and pnpm use one for https for plain http too.
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

/** The host names of the addresses with plain http in a text. */
export function plainHostsIn(text: string): string[] {
  return [...text.matchAll(/http:\/\/[^\s"'<>`|^,;]+/gi)].flatMap(([address]) => URL.parse(address)?.hostname ?? []);
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

/** Whether an exception holds for the host: npm and pnpm compare the labels from the right. */
function covers(exception: string, host: string): boolean {
  const name = exception.toLowerCase().split(".").filter(Boolean).join(".");
  return name.includes("*") || name === "true" || host === name || host.endsWith(`.${name}`);
}
