import { expect, onTestFinished, spyOn, test } from "bun:test";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { answerLimitMs } from "../../../src/agent/wire/answer-limits.ts";
import { pluginText } from "../../../src/tools/yarn/plugin.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const ours = `https://${host}/npm/my-repo`;

interface Hooks {
  getNpmAuthenticationHeader?: (header: string | undefined, registry: string) => Promise<string | undefined>;
  wrapNetworkRequest?: (executor: () => void, extra: Extra) => Promise<unknown>;
  setupScriptEnvironment?: (project: unknown, env: Record<string, string>) => Promise<void>;
}

interface Extra {
  target: string;
  method?: string;
  headers?: Record<string, string>;
  configuration: unknown;
}

/** What a yarn with these settings reads: values, and the file that each is from. */
function configurationOf(settings: Record<string, [value: unknown, source: string]>) {
  return {
    sources: new Map(Object.entries(settings).map(([name, [, source]]) => [name, source])),
    settings: new Map(Object.entries(settings)),
    get: (name: string) => (name === "enableStrictSsl" ? (settings[name]?.[0] ?? true) : (settings[name]?.[0] ?? null)),
  };
}

/** The plugin, loaded as yarn loads it, and the endpoints that it has asked a Vouch for. */
function load(version = "4.18.1", network: Record<string, unknown> = {}, limitMs?: Parameters<typeof pluginText>[1]) {
  const folder = tempFolderUntil(onTestFinished);
  const vouch = join(folder, "vouch");
  writeFileSync(
    vouch,
    `#!/bin/sh\necho "$4" >> '${folder}/asked'\ncase $4 in *other-repo*) exit 1;; *silent-repo*) exec sleep 600;; esac\necho TOKEN\n`,
    {
      mode: 0o755,
    },
  );
  const path = join(folder, "plugin.cjs");
  writeFileSync(path, pluginText(vouch, limitMs));
  const plugin = createRequire(import.meta.url)(path) as { factory: (require: () => unknown) => { hooks: Hooks } };
  const core = { YarnVersion: version, httpUtils: { getNetworkSettings: () => network } };
  return {
    hooks: plugin.factory(() => core).hooks,
    vouch,
    asked: () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n"),
  };
}

/** The headers of a request by that yarn. */
async function headersOf(
  hooks: Hooks,
  target: string,
  headers?: Record<string, string>,
  settings: Parameters<typeof configurationOf>[0] = {},
) {
  const extra: Extra = { target, configuration: configurationOf(settings), ...(headers ? { headers } : {}) };
  await hooks.wrapNetworkRequest!(() => {}, extra);
  return extra.headers;
}

test("a request to a repository gets its token, which is asked for once", async () => {
  const { hooks, asked } = load();
  for (const path of ["/my-lib", "/@acme%2flib", "/my-lib/-/my-lib-1.0.0.tgz"]) {
    expect(await headersOf(hooks, ours + path)).toEqual({ authorization: "Bearer TOKEN" });
  }
  expect(await headersOf(hooks, `${ours}/x`, { a: "b" })).toEqual({ a: "b", authorization: "Bearer TOKEN" });
  expect(asked()).toEqual([`${ours}/`]);
});

test.each([
  `http://${host}/npm/my-repo/x`,
  `https://${host}:8443/npm/my-repo/x`,
  `https://${host}.evil.example/x`,
  `https://evil.example/${host}/npm/my-repo/x`,
  `https://${host}@evil.example/npm/my-repo/x`,
  `https://u:p@${host}/npm/my-repo/x`,
  `https://${host}/npm/my-repo/../other-repo/x`,
  `https://${host}/npm/other-repo/x`,
  `https://${host}/pypi/my-repo/x`,
  "https://registry.example.com/x",
])("no token, nor what stands for it, goes to %s", async (target) => {
  const { hooks } = load();
  const placeholder = (await hooks.getNpmAuthenticationHeader!(undefined, ours))!;
  expect(await headersOf(hooks, target, { authorization: placeholder })).toEqual({});
  expect(await headersOf(hooks, target, { authorization: "Bearer mine" })).toEqual({ authorization: "Bearer mine" });
});

test("yarn is told that it may publish to a repository, and no more", async () => {
  const { hooks } = load();
  expect(await hooks.getNpmAuthenticationHeader!(undefined, ours)).not.toContain("TOKEN");
  expect(await hooks.getNpmAuthenticationHeader!(undefined, "https://registry.example.com")).toBeUndefined();
  expect(await hooks.getNpmAuthenticationHeader!("Bearer mine", ours)).toBe("Bearer mine");
});

const project = "/home/dev/app/.yarnrc.yml";
const own = join(homedir(), ".yarnrc.yml");

test.each<
  [what: string, settings: Parameters<typeof configurationOf>[0], network: Record<string, unknown>, gets: boolean]
>([
  ["no checks by the project", { enableStrictSsl: [false, project] }, {}, false],
  ["no checks by the user", { enableStrictSsl: [false, own] }, {}, true],
  ["a proxy of the project", { httpsProxy: ["http://x", project] }, { httpsProxy: "http://x" }, false],
  ["a proxy of the user", { httpsProxy: ["http://x", own] }, { httpsProxy: "http://x" }, true],
  ["a proxy of the environment", { httpsProxy: ["http://x", "<environment>"] }, { httpsProxy: "http://x" }, true],
  [
    "an authority for the host",
    { networkSettings: [new Map(), `${own}, ${project}`] },
    { httpsCaFilePath: "/ca" },
    false,
  ],
  ["an authority for the host by the user", { networkSettings: [new Map(), own] }, { httpsCaFilePath: "/ca" }, true],
])("%s: the token goes along %p", async (_, settings, network, gets) => {
  const { hooks } = load("4.18.1", network);
  const headers = await headersOf(hooks, `${ours}/x`, {}, settings);
  expect(headers).toEqual(gets ? { authorization: "Bearer TOKEN" } : {});
});

test("scripts get yarn's variables as the user has set them", async () => {
  const { hooks } = load();
  const mine = { YARN_PLUGINS: "/x;/own", VOUCH_YARN_PLUGINS: "/x", A: "1" };
  await hooks.setupScriptEnvironment!(undefined, mine);
  expect(mine as Record<string, string>).toEqual({ YARN_PLUGINS: "/x", A: "1" });
  const none = { YARN_PLUGINS: "/own" };
  await hooks.setupScriptEnvironment!(undefined, none);
  expect(none as Record<string, string>).toEqual({});
});

test.each(["3.8.7", ""])("an older yarn (%p) gets none", (version) => {
  expect(load(version).hooks).toEqual({});
});

test("the line about a project's setting names its files alone", async () => {
  const { hooks } = load("4.18.1", { httpsCaFilePath: "/ca" });
  const written = spyOn(process.stderr, "write").mockImplementation(() => true);
  onTestFinished(() => {
    written.mockRestore();
  });
  await headersOf(hooks, `${ours}/x`, {}, { networkSettings: [new Map(), `undefined, ${own}, ${project}`] });
  expect(String(written.mock.calls[0]?.[0])).toContain(`networkSettings in ${project} decides`);
});

/** What the plugin writes to stderr meanwhile. */
async function saidDuring(work: () => Promise<unknown>): Promise<string> {
  const written = spyOn(process.stderr, "write").mockImplementation(() => true);
  onTestFinished(() => {
    written.mockRestore();
  });
  await work();
  return written.mock.calls.map(([text]) => String(text)).join("");
}

test("a folder's name reaches the terminal on one line, without what changes its output", async () => {
  const { hooks } = load("4.18.1", { httpsCaFilePath: "/ca" });
  const file = "/home/dev/a\u001b[2Kb\nvouch: all is well\u202e/.yarnrc.yml";
  const said = await saidDuring(() =>
    headersOf(hooks, `${ours}/x`, {}, { networkSettings: [new Map(), `${own}, ${file}`] }),
  );
  expect(said).toContain("a\ufffd[2Kb\ufffdvouch: all is well\ufffd/.yarnrc.yml decides");
});

test.each([
  ["GET", { read: 100, publish: 2 ** 31 - 1 }],
  ["PUT", { read: 2 ** 31 - 1, publish: 100 }],
])("a vouch that does not answer a %s in its time is ended, and the request goes without a token", async (...at) => {
  const [method, limitMs] = at;
  const { hooks } = load("4.18.1", {}, limitMs);
  const silent = ours.replace("my-repo", "silent-repo");
  const extra: Extra = { target: `${silent}/x`, method, configuration: configurationOf({}), headers: {} };
  const said = await saidDuring(async () => void (await hooks.wrapNetworkRequest!(() => {}, extra)));
  expect(extra.headers).toEqual({});
  expect(said).toBe("vouch: No answer in time.\n  Run `vouch doctor`.\n");
});

test("it waits as long as vouch may take", () => {
  expect(pluginText("/opt/vouch")).toContain(`timeout: ${JSON.stringify(answerLimitMs)}[purpose]`);
});

test("a vouch that is not there any more is named", async () => {
  const { hooks, vouch } = load();
  unlinkSync(vouch);
  const said = await saidDuring(async () => expect(await headersOf(hooks, `${ours}/x`, {})).toEqual({}));
  expect(said).toBe(`vouch: ${vouch} cannot be started (ENOENT).\n  Run \`vouch doctor\`.\n`);
});
