/** The files that bun reads besides npm's, as far as they decide about the connection. */
import { type OwnFiles, withoutEscapes } from "../npm/guard/other-tools.ts";
import type { Environment } from "../../base/environment.ts";
import { parseToml } from "../../editing/toml-values.ts";

const trustKey = /^(ca|cafile|cert|key|(https?)?proxy|no_?proxy|strictssl)$/i;

/** Variables by which bun, or the library that it speaks TLS with, decides about connections. */
const trustVariable =
  /\b((?:https?|all|no)_proxy|node_tls_reject_unauthorized|node_extra_ca_certs|node_use_(?:system|openssl)_ca|ssl_cert_(?:file|dir)|bun_config_\w+|npm_config_\w+)["'\s]*[=:](?=([^\r\n]*))/gi;

/** Those of bun's and npm's own that decide about nothing of the kind. */
const harmlessVariable =
  /^(?:bun_config_(?:verbose_fetch|max_http_requests|yarn_lockfile|skip_\w+|link_native_bins|dns_time_to_live_seconds)|npm_config_(?:loglevel|fund|audit|progress|color|save_exact|save_prefix|ignore_scripts|update_notifier|package_lock|engine_strict|legacy_peer_deps))$/i;

/** The files that bun reads in a project: those of variables by the mode, `production` unless the environment says other. */
export function bunFiles(env: Environment): OwnFiles {
  const named = [env["BUN_ENV"], env["NODE_ENV"]].filter((mode) => mode);
  const modes = ["production"];
  if (named.includes("test")) modes.push("test");
  if (named.some((mode) => mode !== "production")) modes.push("development");
  const variables = ["", ...modes.map((mode) => `.${mode}`)].flatMap((mode) => [`.env${mode}`, `.env${mode}.local`]);
  return {
    "bunfig.toml": trustSettingIn,
    ...Object.fromEntries(variables.map((name) => [name, trustVariableIn])),
    "bun.lock": () => undefined,
    "bun.lockb": () => undefined,
  };
}

/** The first key of a bunfig.toml that decides about the connection, at any depth. */
export function trustSettingIn(text: string): string | undefined {
  const table = parseToml(text);
  if (table !== undefined) return keyIn(table);
  // bun may read what this parser does not.
  return /\b(ca|cafile|proxy|https_proxy)\b/i.exec(withoutEscapes(text))?.[0];
}

function keyIn(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = trustKey.test(key) ? key : keyIn(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first such variable that a file of variables sets, which bun reads before it installs. */
export function trustVariableIn(text: string): string | undefined {
  for (const [, name = "", value = ""] of text.replace(/^[^\S\r\n]*#.*$/gm, "").matchAll(trustVariable)) {
    // An empty one means no proxy.
    const isNone = /proxy$/i.test(name) && /^[ \t]*(?:""|'')?[ \t]*$/.test(value);
    if (!isNone && !harmlessVariable.test(name)) return name;
  }
  return undefined;
}
