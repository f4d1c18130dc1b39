/** Where the key-encryption key is. The command line and the environment name its place, never the key itself. */
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { localKek } from "./local-kek.ts";
import type { KeyProtector } from "./protection.ts";

/** Size limit of its file, in bytes. */
const maxBytes = 1024;
const keyBytes = 32;

/**
 * Opens the key-encryption key of `file:PATH`, `env:NAME`, `credential:NAME` (systemd.exec(5)) or `aws-kms:KEY-ARN`. Throws `usage` for
 * another text, `settings_missing`, `file_error`, and `settings_invalid` if what is there is no key.
 */
export async function openKeyEncryptionKey(source: string, env: Environment): Promise<KeyProtector> {
  const [, kind, rest = ""] = /^(file|env|credential|aws-kms):(.+)$/s.exec(source) ?? [];
  switch (kind) {
    case "file":
      return await localKek(parseKey(readKeyFile(rest), `The file ${rest}`));
    case "env":
      return await localKek(parseKey(variable(rest, env), `The variable ${rest}`));
    case "credential":
      return await localKek(parseKey(readKeyFile(credentialPath(rest, env)), `The credential ${rest}`));
    case "aws-kms": {
      // Imported lazily: most servers do not use KMS.
      const { kmsKek } = await import("./kms.ts");
      return kmsKek(rest, env);
    }
    default:
      // Not repeated: it may be the key itself.
      throw new VouchError(
        "usage",
        "Expected the key-encryption key as file:PATH, env:NAME, credential:NAME or aws-kms:KEY-ARN.",
        {
          hint: "Name where it is, not the key itself.",
        },
      );
  }
}

function readKeyFile(path: string): string {
  try {
    return readRegularFile(path, maxBytes).toString("latin1");
  } catch (error) {
    throw new VouchError("file_error", `The key-encryption key ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Without it the server cannot sign. Nothing was changed.",
      cause: error,
    });
  }
}

function variable(name: string, env: Environment): string {
  const value = env[name];
  if (/^[A-Za-z_]\w*$/.test(name) && value !== undefined && value !== "") return value;
  throw new VouchError(
    "settings_missing",
    `The variable ${JSON.stringify(name)} for the key-encryption key is not set.`,
    {
      hint: "Without it the server cannot sign. Nothing was changed.",
    },
  );
}

function credentialPath(name: string, env: Environment): string {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (!/^(?!\.{1,2}$)[\w.-]{1,255}$/.test(name)) {
    throw new VouchError("usage", `Expected credential:NAME with the name of a systemd credential, got "${name}".`);
  }
  if (folder?.startsWith("/")) return join(folder, name);
  throw new VouchError("settings_missing", `There is no credential ${name}: CREDENTIALS_DIRECTORY is not set.`, {
    hint: "systemd sets it for a unit with LoadCredential= or LoadCredentialEncrypted=.",
  });
}

/** 32 bytes in base64 or base64url, as `openssl rand -base64 32` prints them. */
function parseKey(text: string, place: string): Secret<Uint8Array<ArrayBuffer>> {
  const trimmed = text.trim();
  const key = new Uint8Array(Buffer.from(trimmed, "base64"));
  if (/^[\w+/-]{43}=?$/.test(trimmed) && key.length === keyBytes) return new Secret(key);
  throw new VouchError(
    "settings_invalid",
    `${place} holds no key-encryption key: expected 32 random bytes in base64.`,
    {
      hint: "Make one with `openssl rand -base64 32`.",
    },
  );
}
