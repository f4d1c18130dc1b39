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

const sourceForm = /^(file|env|credential|aws-kms):(.+)$/s;
/** 32 bytes in base64 or base64url. */
const keyForm = /^[\w+/-]{43}=?$/;

/** The source for people, without what may be the key itself: base64 anywhere, anything but a name behind `env:`. */
export function shownSource(source: string): string {
  const [, kind, rest = ""] = sourceForm.exec(source) ?? [];
  if (kind === undefined) return "[not shown]";
  const mayBeKey = keyForm.test(rest) || (kind === "env" && !variableForm.test(rest));
  return mayBeKey ? `${kind}:[not shown]` : source;
}

/** How variables are usually named, and passphrases are not. */
const variableForm = /^[A-Z_][A-Z0-9_]{0,63}$/;

/**
 * Opens the key-encryption key of `file:PATH`, `env:NAME`, `credential:NAME` (systemd.exec(5)) or `aws-kms:KEY-ARN`. Throws `usage` for
 * another text, `settings_missing`, `file_error`, and `settings_invalid` if what is there is no key.
 */
export async function openKeyEncryptionKey(source: string, env: Environment): Promise<KeyProtector> {
  const [, kind, rest = ""] = sourceForm.exec(source) ?? [];
  switch (kind) {
    case "file":
      return await localKek(parseKey(readKeyFile(rest, source), `The file ${rest}`));
    case "env":
      return await localKek(parseKey(variable(rest, env), `The variable ${rest}`));
    case "credential":
      return await localKek(parseKey(readKeyFile(credentialPath(rest, env), source), `The credential ${rest}`));
    case "aws-kms": {
      if (keyForm.test(rest)) throw sourceExpected();
      // Imported lazily: most servers do not use KMS.
      const { kmsKek } = await import("./kms.ts");
      return kmsKek(rest, env);
    }
    default:
      throw sourceExpected();
  }
}

/** Does not repeat what was given: it may be the key itself. */
function sourceExpected(): VouchError {
  return new VouchError(
    "usage",
    "Expected the key-encryption key as file:PATH, env:NAME, credential:NAME or aws-kms:KEY-ARN.",
    { hint: "Name where it is, not the key itself." },
  );
}

function readKeyFile(path: string, source: string): string {
  try {
    return readRegularFile(path, maxBytes).toString("latin1");
  } catch (error) {
    throw new VouchError(
      "file_error",
      `The key-encryption key ${shownSource(source)} cannot be read: ${whyUnreadable(error)}.`,
      {
        hint: "Check the place, and that this user may read it: without it the server cannot sign. Nothing was changed.",
        cause: error,
      },
    );
  }
}

function variable(name: string, env: Environment): string {
  const value = env[name];
  if (/^[A-Za-z_]\w*$/.test(name) && value !== undefined && value !== "") return value;
  throw new VouchError(
    "settings_missing",
    `The variable of ${shownSource(`env:${name}`)} for the key-encryption key is not set.`,
    {
      hint: "Set it to 32 random bytes in base64, as `openssl rand -base64 32` prints them; env: names the variable, not the key. Nothing was changed.",
    },
  );
}

function credentialPath(name: string, env: Environment): string {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (!/^(?!\.{1,2}$)[\w.-]{1,255}$/.test(name)) {
    throw new VouchError("usage", "Expected credential:NAME with the name of a systemd credential.", {
      hint: "It is the name in LoadCredential=NAME:PATH or LoadCredentialEncrypted=NAME:PATH of the unit.",
    });
  }
  if (folder?.startsWith("/")) return join(folder, name);
  throw new VouchError(
    "settings_missing",
    `There is no ${shownSource(`credential:${name}`)}: CREDENTIALS_DIRECTORY is not set.`,
    {
      hint: "systemd sets it for a unit with LoadCredential= or LoadCredentialEncrypted=. In a shell name the file itself: `export VOUCH_KEY_ENCRYPTION_KEY=file:PATH`.",
    },
  );
}

/** The key, as `openssl rand -base64 32` prints it. */
function parseKey(text: string, place: string): Secret<Uint8Array<ArrayBuffer>> {
  const trimmed = text.trim();
  const key = new Uint8Array(Buffer.from(trimmed, "base64"));
  if (keyForm.test(trimmed) && key.length === keyBytes) return new Secret(key);
  throw new VouchError(
    "settings_invalid",
    `${place} holds no key-encryption key: expected 32 random bytes in base64.`,
    {
      hint: "Make one with `openssl rand -base64 32`.",
    },
  );
}
