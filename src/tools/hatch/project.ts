/**
 * Variables that a project sets in hatch's environments, where pip and uv install: some decide about the network or about
 * trust, and `keyring` cannot tell them from the user's own.
 */
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { ancestors } from "../../base/system/ancestors.ts";
import { readIfPresent } from "../../base/system/regular-file.ts";
import { parseToml } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

const maxBytes = 4 << 20;

/** Names by which a token could be led elsewhere. */
const trustVariable =
  /\b(?:PIP_(?:PROXY|CERT|CLIENT_CERT|TRUSTED_HOST|CONFIG_FILE|PYTHON)|UV_(?:INSECURE_HOST|CONFIG_FILE|SYSTEM_CERTS|NATIVE_TLS|KEYRING_PROVIDER)|(?:HTTPS?|ALL|NO)_PROXY|https?:\/\/[^"\\]*_proxy|SSL_CERT_(?:FILE|DIR)|(?:REQUESTS|CURL)_CA_BUNDLE|VOUCH_\w+|PATH|PYTHON\w+|LD_\w+)\b/i;

/** Throws `project_untrusted` if a project around the folder sets such a variable, or if that cannot be known. */
export function checkHatchProject(cwd: string): void {
  for (const folder of ancestors(cwd)) {
    for (const name of ["pyproject.toml", "hatch.toml"]) {
      const path = join(folder, name);
      const document = read(path);
      const settings = name === "hatch.toml" ? document : tableOf(tableOf(document?.["tool"])["hatch"]);
      const found = variableIn(settings, false);
      if (found !== undefined) throw refusal(`${path} sets ${found} for its environments`);
    }
  }
}

function read(path: string): Record<string, unknown> | undefined {
  let text: string | undefined;
  try {
    text = readIfPresent(path, maxBytes)?.toString("utf8");
  } catch {
    throw refusal(`${path} cannot be read`);
  }
  if (text === undefined) return undefined;
  const document = parseToml(text);
  if (document === undefined) throw refusal(`${path} is TOML that Vouch does not read`);
  return document;
}

/** The first such variable below a key `env-vars` (also `set-env-vars`, in overrides). */
function variableIn(value: unknown, isVariables: boolean): string | undefined {
  if (typeof value !== "object" || value === null) {
    return isVariables ? trustVariable.exec(String(value))?.[0] : undefined;
  }
  for (const [key, each] of Object.entries(value)) {
    const named = isVariables ? trustVariable.exec(key)?.[0] : undefined;
    const found = named ?? variableIn(each, isVariables || key.endsWith("env-vars"));
    if (found !== undefined) return found;
  }
  return undefined;
}

function refusal(what: string): VouchError {
  return new VouchError("project_untrusted", `hatch is not started: ${what}, by which a token could go elsewhere.`, {
    hint: "Delete the line. What is yours belongs into your own environment.",
  });
}
