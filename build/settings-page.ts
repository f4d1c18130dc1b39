/** docs/server-settings.md, made from the table of the server's settings. `bun build/settings-page.ts` writes it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultText } from "../src/server/configuration/documentation.ts";
import { settingNamed, settingNames } from "../src/server/configuration/table.ts";

/** The page as Markdown. */
export function settingsPage(): string {
  const rows = settingNames.map((name) => {
    const { variable, about, valueHint, type } = settingNamed(name);
    const fallback = defaultText(name);
    const form = valueHint === undefined ? type : valueHint.replaceAll("|", "\\|");
    return `| \`${name}\` | \`${variable}\` | \`${form}\` | ${fallback === undefined ? "" : `\`${fallback}\``} | ${about} |`;
  });
  return `${[head, ...rows].join("\n")}\n${tail}`;
}

const head = `# The settings of the server

Every setting has one name: \`--NAME\` on the command line, a variable, and a key in the configuration file. A flag goes before its variable, a variable before the file, the file before the default. A flag that takes no value has the form \`--no-NAME\` too, which goes before a file that switches it on.

\`\`\`sh
vouch server config example > server.toml
vouch server init --config server.toml --url https://vouch.example.com
vouch server check --config server.toml
\`\`\`

The first command prints the file with every setting, all of them comments. It is TOML with one line for each setting and nothing else: an unknown key, a value of another type or out of its range, a relative path, a password in a URL are errors, and so is a file that everybody may write. \`--config FILE\` or \`VOUCH_SERVER_CONFIG\` names it for every \`vouch server\` command; without either none is read.

\`\`\`toml
listen = "0.0.0.0:443"
tls-cert = "/etc/vouch/cert.pem"
tls-key = "/etc/vouch/key.pem"
database = "postgres://vouch@db.example.com/vouch"
database-password-file = "/run/credentials/vouch-server.service/database-password"
key-encryption-key = "credential:kek"
token-limit = 1200
\`\`\`

\`vouch server check\` looks at everything that \`vouch server run\` would need with the same flags, variables and file, changes nothing, and ends with 1 if the server could not start or work; \`--json\` prints the findings and each setting with where it comes from, never a secret.

- **The file and the values**: unknown keys with the nearest name, types, ranges; all of them, not the first.
- **Files**: that they can be read, and who else can read or write them.
- **The certificate**: that the key is its own, when it ends (a warning three weeks before), and whether it is for the server's host.
- **The database**: that it can be reached and written, its schema's version, the URL that it belongs to.
- **The signing keys**: that each can be used with the key-encryption key; a warning for each in clear text.
- **The policy for [security keys](attestation.md)**: its roots, its metadata and their age.
- **Single sign-on**: that its settings go together, and that the identity provider answers (a warning if not).
- **The address**: that it is free, or in use by this very server.

A running server reads the file once, when it starts.

| key and flag | variable | value | default | meaning |
|---|---|---|---|---|`;

const tail = `
A URL with its password is good in \`VOUCH_DATABASE\` only. The limits hold for each replica by itself ([several replicas](server.md#several-replicas)).
`;

if (import.meta.main) writeFileSync(join(import.meta.dir, "../docs/server-settings.md"), settingsPage());
