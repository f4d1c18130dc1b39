/** What a file that holds a secret may hold. */
import { expect, onTestFinished, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSecret } from "../../../src/server/configuration/secret-file.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

function secretOf(text: string): string {
  const path = join(tempFolderUntil(onTestFinished), "secret");
  writeFileSync(path, text, { mode: 0o600 });
  return readSecret(path, "sso-client-secret-file").expose();
}

test.each(["s3cret", "s3cret\n", "s3cret\r\n"])("%j is the secret without its line end", (text) => {
  expect(secretOf(text)).toBe("s3cret");
});

test.each(["", "\n", "one\ntwo\n", "one\n\n", "nul\0"])("%j is refused, in words that do not repeat it", (text) => {
  expect(() => secretOf(text)).toThrow("which is empty or has more than one line");
});

test.each([
  [
    "/run/credentials/vouch-server.service/database-password",
    "LoadCredential= reads: `export VOUCH_DATABASE_PASSWORD_FILE=",
  ],
  [
    "/nowhere/password",
    "--database-password-file FILE, or in each further shell `export VOUCH_DATABASE_PASSWORD_FILE=",
  ],
])("the hint for %s, which is missing, names the variable", (path, hint) => {
  expect(() => readSecret(path, "database-password-file")).toThrow(
    expect.objectContaining({ code: "file_error", hint: expect.stringContaining(hint) }),
  );
});
