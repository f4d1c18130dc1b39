import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadSettings, saveSettings, type Settings, settingsPath } from "../../src/settings/settings.ts";
import { rejection } from "../rejection.ts";
import { myRepository } from "./my-repository.ts";
import { tempFolderUntil } from "../temp-folder.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "vouch/config.json");
});

const settings: Settings = {
  version: 1,
  server: { url: "https://vouch.example.com", user: "dev@example.com", credentialIds: ["AA"] },
  aws: { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" },
  repositories: [myRepository],
};

test("settings that are saved are loaded, and are readable to the user alone", () => {
  saveSettings(settings, path);
  expect(loadSettings(path)).toEqual(settings);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "vouch")).mode & 0o777).toBe(0o700);
});

test("without a file nothing is set", () => expect(loadSettings(path)).toEqual({ version: 1, repositories: [] }));

test.each<[string, object, string]>([
  ["another version", { version: 2 }, "version"],
  ["an unknown key", { version: 1, token: "x" }, "token"],
  ["a server that is no URL", { version: 1, server: { url: "vouch" } }, "server.url"],
  [
    "a domain that AWS would refuse",
    { repositories: [{ ...settings.repositories[0], domain: "My_Domain" }] },
    "domain",
  ],
  [
    "an owner that is no account",
    { repositories: [{ ...settings.repositories[0], domainOwner: "12" }] },
    "domainOwner",
  ],
  [
    "an endpoint of another scheme",
    { repositories: [{ ...settings.repositories[0], endpoints: { npm: "file:///x" } }] },
    "npm",
  ],
])("settings with %s are refused with the place, and the file stays", async (_, change, place) => {
  const text = JSON.stringify({ ...settings, ...change });
  saveSettings(settings, path);
  await Bun.write(path, text);
  const failure = await rejection(() => loadSettings(path));
  expect(failure).toMatchObject({ code: "settings_invalid", message: expect.stringContaining(place) });
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("settings that are no JSON are refused", async () => {
  saveSettings(settings, path);
  await Bun.write(path, "{");
  expect((await rejection(() => loadSettings(path))).message).toContain("are not JSON");
});

test.each([
  [{ XDG_CONFIG_HOME: "/xdg", HOME: "/home/dev" }, "/xdg/vouch/config.json"],
  [{ XDG_CONFIG_HOME: "relative", HOME: "/home/dev" }, "/home/dev/.config/vouch/config.json"],
  [{ HOME: "/home/dev" }, "/home/dev/.config/vouch/config.json"],
])("with the environment %j the settings are in %s", (env, expected) => expect(settingsPath(env)).toBe(expected));

test("VOUCH_CONFIG names the settings, and the current folder has no say", () => {
  const env = { HOME: "/home/dev", XDG_CONFIG_HOME: "/xdg" };
  expect(settingsPath(env)).toBe("/xdg/vouch/config.json");
  expect(settingsPath({ ...env, VOUCH_CONFIG: "/etc/vouch.json" })).toBe("/etc/vouch.json");
  expect(() => settingsPath({ ...env, VOUCH_CONFIG: "vouch.json" })).toThrow("an absolute path");
});

test.each([
  [{ name: "gitlab", idTokenVariable: "MY_TOKEN" }, undefined],
  [{ name: "gitlab", idTokenVariable: "MY TOKEN" }, "identity.idTokenVariable"],
  [{ name: "gitlab", token: "secret" }, "identity.token"],
  [{}, "identity.name"],
])("the identity of a job in the settings is checked: %p", async (identity, place) => {
  saveSettings(settings, path);
  await Bun.write(path, JSON.stringify({ ...settings, identity }));
  if (place === undefined) expect(loadSettings(path).identity).toEqual(identity as Settings["identity"]);
  else expect(() => loadSettings(path)).toThrow(place);
});
