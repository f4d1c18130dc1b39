/** The files that bun reads besides npm's, as far as they decide about the connection. */
import { type OwnFiles, withoutEscapes } from "../npm/guard/other-tools.ts";
import { parseToml } from "../../editing/toml-values.ts";

const trustKey = /^(ca|cafile|cert|key|(https?)?proxy|no_?proxy|strictssl)$/i;

/** Variables by which bun, or the library that it speaks TLS with, decides about connections. */
const trustVariable =
  /\b((?:https?|all|no)_proxy|node_tls_reject_unauthorized|node_extra_ca_certs|node_use_(?:system|openssl)_ca|ssl_cert_(?:file|dir)|bun_config_\w+|npm_config_\w+)["'\s]*[=:]/i;

export const bunFiles: OwnFiles = {
  "bunfig.toml": trustSettingIn,
  ".env*": trustVariableIn,
  "bun.lock": () => undefined,
  "bun.lockb": () => undefined,
};

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
  return trustVariable.exec(text.replace(/^[^\S\r\n]*#.*$/gm, ""))?.[1];
}
