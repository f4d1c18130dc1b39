/** Every setting, by every way in which it can be given. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsPage } from "../../../build/settings-page.ts";
import { exampleFile, serverVariables, settingArgs } from "../../../src/server/configuration/documentation.ts";
import { readConfigurationFile } from "../../../src/server/configuration/file.ts";
import { find, settingsOf, sourcesOf } from "../../../src/server/configuration/settings.ts";
import { settingNamed, settingNames, type SettingName } from "../../../src/server/configuration/table.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

let files = 0;
function file(text: string): string {
  const path = join(folder, `${++files}.toml`);
  writeFileSync(path, text);
  return path;
}

/** Three values of each setting that differ from each other and from the default, as a flag has them. */
const values: Record<SettingName, [flag: string, variable: string, inFile: string]> = {
  url: ["https://a.example.com", "https://b.example.com", "https://c.example.com"],
  listen: ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
  "tls-cert": ["/a", "/b", "/c"],
  "tls-key": ["/a", "/b", "/c"],
  "trust-proxy": ["true", "false", "true"],
  database: ["sqlite:/a", "sqlite:/b", "sqlite:/c"],
  "database-password-file": ["/a", "/b", "/c"],
  "key-encryption-key": ["file:/a", "env:B", "credential:c"],
  "session-duration": ["1h", "2h", "3h"],
  "publish-verification": ["pin", "touch", "pin"],
  "dpop-nonce": ["required", "optional", "required"],
  pages: ["off", "on", "off"],
  "browser-login": ["on", "off", "on"],
  "browser-login-publish": ["on", "off", "on"],
  "session-name": ["email", "id", "email"],
  "tag-email": ["true", "false", "true"],
  "tag-groups": ["a", "b", "c"],
  "rotate-every": ["3d", "4d", "5d"],
  "allow-synced-passkeys": ["true", "false", "true"],
  attestation: ["certified", "roots", "certified"],
  "attestation-apply": ["all", "new", "all"],
  "attestation-certified": ["FIDO_CERTIFIED_L2", "FIDO_CERTIFIED_L3", "FIPS140_CERTIFIED_L1"],
  "attestation-roots": ["/a", "/b", "/c"],
  "attestation-metadata": ["/a", "https://b.example.com/", "/c"],
  "attestation-metadata-root": ["/a", "/b", "/c"],
  "attestation-allow": [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003,00000000-0000-0000-0000-000000000004",
  ],
  "attestation-deny": [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
  ],
  "audit-retention": ["1d", "2d", "3d"],
  "audit-log": ["/a", "-", "/c"],
  replica: ["a", "b", "c"],
  "drain-time": ["1s", "2s", "1m"],
  "stop-time": ["1s", "2s", "1m"],
  "metrics-listen": ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
  "sso-issuer": ["https://a.example.com", "https://b.example.com/b", "https://c.example.com"],
  "sso-client-id": ["a", "b", "c"],
  "sso-client-secret-file": ["/a", "/b", "/c"],
  "sso-name": ["A", "B", "C"],
  "sso-domains": ["a.example.com", "b.example.com,example.com", "c.example.com"],
  "sso-tenants": ["a", "b,c", "c"],
  "sso-groups": ["a", "b,c", "c"],
  "sso-groups-claim": ["a", "b", "c"],
  "sso-scim-claim": ["a", "b", "c"],
  "enroll-limit": ["1", "2", "3"],
  "login-limit": ["1", "2", "3"],
  "token-limit": ["1", "2", "3"],
  "scim-limit": ["1", "2", "3"],
  "person-limit": ["1", "2", "3"],
  "credential-limit": ["1", "2", "3"],
};

/** A value as the file has it. */
function inToml(name: SettingName, text: string): string {
  return settingNamed(name).type === "string" ? JSON.stringify(text) : text;
}

describe.each(settingNames)("the setting %s", (name) => {
  const { parse, type, variable, default: fallback } = settingNamed(name);
  const [flag, inVariable, inFile] = values[name];
  const given = type === "boolean" ? flag === "true" : flag;
  const config = () => file(`${name} = ${inToml(name, inFile)}\n`);

  test("is taken from the flag before the variable, from that before the file, from that before the default", () => {
    const path = config();
    const value = (flags: object, env: Record<string, string>) => settingsOf({ ...flags }, [name], env)[name];
    const env = { [variable]: inVariable };
    expect(value({ [name]: given, config: path }, env)).toEqual(parse(flag) as never);
    expect(value({ config: path }, env)).toEqual(parse(inVariable) as never);
    expect(value({ config: path }, { [variable]: "" })).toEqual(parse(inFile) as never);
    const withoutAny = typeof fallback === "function" ? fallback() : fallback;
    expect(value({}, {})).toEqual((withoutAny === undefined ? undefined : parse(withoutAny)) as never);
  });

  test("is found in the file that VOUCH_SERVER_CONFIG names, with its place", () => {
    const path = config();
    const found = find(name, sourcesOf({}, { VOUCH_SERVER_CONFIG: path }));
    expect(found).toMatchObject({ from: "file", text: inFile, place: `${name} in ${path}` });
  });

  test("is refused in the file with a value of another type", async () => {
    const wrong = type === "string" ? "1" : type === "number" ? "1.5" : '"true"';
    const error = await rejection(() => readConfigurationFile(file(`${name} = ${wrong}\n`)));
    expect(error).toMatchObject({ code: "settings_invalid", message: expect.stringContaining(`${name} in /`) });
  });

  test("is a flag of `vouch server run`, a variable of the documentation, and a line of the commented file", () => {
    const definition = settingArgs(name)[name];
    expect(definition.type).toBe(type === "boolean" ? "boolean" : "string");
    expect(definition.description).toContain(`$${variable}`);
    expect(serverVariables.variables.flatMap(({ names }) => names)).toContain(variable);
    expect(exampleFile()).toMatch(new RegExp(`^#${name} = `, "m"));
  });
});

test("the commented file changes nothing, and every line of it can be taken as it is", () => {
  expect(readConfigurationFile(file(exampleFile())).values.size).toBe(0);
  const all = exampleFile().replaceAll(/^#(?=[a-z-]+ = )/gm, "");
  expect([...readConfigurationFile(file(all)).values.keys()]).toEqual(settingNames);
  // What is no example is the default.
  for (const name of settingNames) {
    const { default: fallback, example } = settingNamed(name);
    if (example !== undefined) continue;
    expect(all).toContain(`\n${name} = ${inToml(name, String(fallback))}\n`);
  }
});

test("docs/server-settings.md is what `bun build/settings-page.ts` writes", () => {
  expect(readFileSync(join(import.meta.dir, "../../../docs/server-settings.md"), "utf8")).toBe(settingsPage());
});

test.each([
  ["trust_proxy = true", "trust-proxy"],
  ['lisen = "127.0.0.1:1"', "listen"],
  ['tls_key = "/k"', "tls-key"],
])("the file with %s is answered with the nearest key, %s", async (text, near) => {
  expect((await rejection(() => readConfigurationFile(file(text)))).hint).toBe(`Did you mean ${near}?`);
});

test.each([
  ["a table", '[server]\nlisten = "127.0.0.1:1"', 'unknown key "server"'],
  ["a key twice", "token-limit = 1\ntoken-limit = 2", "line 2, is not TOML"],
  ["no value", "# one\ntoken-limit = 1\nlisten =\n\n# more", "line 3, is not TOML"],
  ["text without quotes", "listen = localhost:1", "line 1, is not TOML"],
  ["no address", 'listen = "localhost"', 'expected HOST:PORT, got "localhost"'],
  ["too large a number", "token-limit = 1000001", "expected a number from 1 to 1000000"],
  ["zero", "token-limit = 0", "expected a number from 1 to 1000000"],
  ["a number below zero", "token-limit = -1", "expected a number from 1 to 1000000"],
  ["too long a wait", 'drain-time = "601s"', "at most 600s"],
  ["a wait without a unit", 'drain-time = "5"', "at most 600s"],
  ["too long a session", 'session-duration = "9h"', "at most 8h"],
  ["a relative path", 'tls-cert = "cert.pem"', "expected an absolute path"],
  ["a relative database", 'database = "sqlite:server.db"', "sqlite: with an absolute path"],
  ["a URL with a path", 'url = "https://vouch.example.com/a"', "expected a URL without a path"],
  ["a name of Object", "constructor = 1", 'unknown key "constructor"'],
  ["a name of a prototype", "__proto__ = 1", 'unknown key "__proto__"'],
])("the file is refused with %s", async (_, text, message) => {
  const error = await rejection(() => readConfigurationFile(file(text)));
  expect(error).toMatchObject({ code: "settings_invalid", message: expect.stringContaining(message) });
});

test("a value that is wrong is not repeated where it may be a secret", async () => {
  const errors = [
    await rejection(() => readConfigurationFile(file('database = "postgres://vouch:hunter2@db/vouch"'))),
    await rejection(() => readConfigurationFile(file('key-encryption-key = "hunter2"'))),
    await rejection(() => settingsOf({ database: "postgres://vouch:hunter2@db/vouch" }, ["database"], {})),
  ];
  for (const { message, hint, cause } of errors) {
    expect(`${message} ${hint} ${(cause as Error | undefined)?.message}`).not.toContain("hunter2");
  }
  // The environment is the server's own.
  const env = { VOUCH_DATABASE: "postgres://vouch:hunter2@db/vouch" };
  expect(settingsOf({}, ["database"], env).database).toBe(env.VOUCH_DATABASE);
});

test("the file is refused if everybody may write it, if it is no file, and if it is none", async () => {
  const open = file("");
  chmodSync(open, 0o666);
  expect((await rejection(() => readConfigurationFile(open))).message).toContain("everybody may write it");
  expect((await rejection(() => readConfigurationFile(folder))).message).toContain("it is not a regular file");
  expect((await rejection(() => readConfigurationFile(join(folder, "none")))).message).toContain("it does not exist");
});

test("an error in a variable names the variable", async () => {
  const error = await rejection(() => settingsOf({}, ["trust-proxy"], { VOUCH_SERVER_TRUST_PROXY: "yes" }));
  expect(error).toMatchObject({
    code: "usage",
    message: 'VOUCH_SERVER_TRUST_PROXY: expected true or false, got "yes".',
  });
});

test("a byte order mark and line ends of Windows are accepted", () => {
  const path = file('\ufefflisten = "127.0.0.1:1"\r\ntrust-proxy = true\r\n');
  expect(Object.fromEntries(readConfigurationFile(path).values)).toEqual({
    listen: "127.0.0.1:1",
    "trust-proxy": "true",
  });
});
