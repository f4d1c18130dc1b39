/** What npm is started with: which npm it is, which global file it would read, and what an outer shim has left. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inheritedDescriptor } from "../../../../src/helper/inherited-file.ts";
import { Exposure } from "../../../../src/tools/npm/hand-over/exposure.ts";
import { isOfExec, withoutOuter } from "../../../../src/tools/npm/hand-over/outer.ts";
import { pipeTokens } from "../../../../src/tools/npm/hand-over/pipe.ts";
import { globalConfigPath, npmProgram } from "../../../../src/tools/npm/hand-over/program.ts";
import { tempFolder } from "../../../temp-folder.ts";

const folder = tempFolder();
afterAll(() => folder[Symbol.dispose]());
const place = (name: string): string => join(realpathSync(folder.path), name);

mkdirSync(place("node/bin"), { recursive: true });
writeFileSync(place("node/bin/node"), "#!/bin/sh\n", { mode: 0o755 });
const env = { HOME: "/home/dev", PATH: place("node/bin") };
const setting = (key: string, value: string) => ({ key, value });

test.each<[why: string, settings: [string, string][], more: Record<string, string>, path: string]>([
  ["Node.js's folder", [], {}, place("node/etc/npmrc")],
  ["the folder below DESTDIR", [], { DESTDIR: "/dest" }, `/dest${place("node/etc/npmrc")}`],
  ["PREFIX", [], { PREFIX: "/p", DESTDIR: "/dest" }, "/p/etc/npmrc"],
  ["a file's prefix", [["prefix", "~/.npm-global"]], { PREFIX: "/p" }, "/home/dev/.npm-global/etc/npmrc"],
  ["the variable's prefix", [["prefix", "/file"]], { npm_config_prefix: "/v" }, "/v/etc/npmrc"],
  [
    "the last file's globalconfig",
    [
      ["globalconfig", "/a"],
      ["globalconfig", "${HOME}/b"],
    ],
    {},
    "/home/dev/b",
  ],
  ["the variable's globalconfig", [["globalconfig", "/a"]], { NPM_CONFIG_GLOBALCONFIG: "/v" }, "/v"],
])("npm's global file is that of %s", (_, settings, more, path) => {
  expect(
    globalConfigPath(
      settings.map(([key, value]) => setting(key, value)),
      { ...env, ...more },
    ),
  ).toBe(path);
});

test("npm is known by the manifest beside its program, with its builtin settings", () => {
  mkdirSync(place("npm/bin"), { recursive: true });
  writeFileSync(place("npm/package.json"), JSON.stringify({ name: "npm", version: "11.2.3" }));
  writeFileSync(place("npm/npmrc"), "prefix=/builtin\n");
  writeFileSync(place("npm/bin/npm-cli.js"), "", { mode: 0o755 });
  symlinkSync("npm/bin/npm-cli.js", place("linked"));
  expect(npmProgram(place("linked"), [], env)).toEqual({ version: "11.2.3", globalConfig: "/builtin/etc/npmrc" });
  const user = [setting("prefix", "/user")];
  expect(npmProgram(place("linked"), user, env)?.globalConfig).toBe("/user/etc/npmrc");
});

test("a program without one is asked which npm it starts, and one that does not tell is none", () => {
  const answer = 'echo "globalconfig=/g/npmrc"; echo "npm-version=10.1.0"';
  writeFileSync(place("shim"), `#!/bin/sh\n[ "$*" = "config get globalconfig npm-version" ] && { ${answer}; }\n`);
  writeFileSync(place("mute"), "#!/bin/sh\nexit 1\n");
  const options = { mode: 0o755 };
  for (const name of ["shim", "mute"]) Bun.spawnSync(["chmod", options.mode.toString(8), place(name)]);
  const here = { ...env, PATH: process.env["PATH"] ?? "" };
  expect(npmProgram(place("shim"), [], here)).toEqual({ version: "10.1.0", globalConfig: "/g/npmrc" });
  expect(npmProgram(place("mute"), [], here)).toBeUndefined();
});

const variables = { "npm_config_//host.example/npm/repo/:_authToken": "secret" };

test("a global file that alone names a registry is not put into a pipe", () => {
  writeFileSync(place("global"), "@acme:registry=https://host.example/npm/repo/\n");
  const request = { env, variables, globalConfig: place("global") };
  const exposure = pipeTokens({ ...request, user: [setting("registry", "x")] });
  expect(exposure).toBeInstanceOf(Exposure);
  expect((exposure as Exposure).why).toContain("alone names @acme:registry");
  const named = pipeTokens({ ...request, user: [setting("@acme:registry", "x")] });
  expect(named).not.toBeInstanceOf(Exposure);
});

test.skipIf(process.platform !== "linux")(
  "the pipe holds the global file and the tokens, which end before a section",
  async () => {
    writeFileSync(place("sections"), "fund=false\n[mine]\nx=1");
    const own = { ...env, NPM_CONFIG_GLOBALCONFIG: place("sections") };
    const piped = pipeTokens({ env: own, variables, globalConfig: place("sections"), user: [] });
    if (piped instanceof Exposure) throw new Error(piped.why);
    expect(await Bun.file(piped.shot.path).text()).toBe(
      'fund=false\n//host.example/npm/repo/:_authToken="secret"\n[mine]\nx=1',
    );
    expect(piped.env).toEqual({
      ...env,
      npm_config_globalconfig: piped.shot.path,
      VOUCH_NPM_GLOBALCONFIG: place("sections"),
    });
    expect(await withoutOuter(piped.env)).toEqual({ ...env, npm_config_globalconfig: place("sections") });
  },
);

test.skipIf(process.platform !== "linux")("what nobody has read of an outer pipe is read by nobody", async () => {
  const descriptor = inheritedDescriptor("secret", "once")!;
  const path = `/proc/self/fd/${descriptor}`;
  expect(await withoutOuter({ ...env, npm_config_globalconfig: path })).toEqual(env);
  expect(await Bun.file(path).exists()).toBe(false);
});

test("a file of the user's stays in the variable", async () => {
  const own = { ...env, npm_config_globalconfig: "/etc/npmrc" };
  expect(await withoutOuter(own)).toBe(own);
});

test("variables of vouch exec are known by the process that it was", () => {
  const given = { "npm_config_//x/:_authToken": "${VOUCH_0}" };
  expect(isOfExec({ ...given, VOUCH_SHIM_TRAIL: `${process.pid}:/shims/npm` })).toBe(true);
  expect(isOfExec({ ...given, VOUCH_SHIM_TRAIL: "1:/shims/npm" })).toBe(false);
  expect(isOfExec({ VOUCH_SHIM_TRAIL: `${process.pid}:/shims/npm` })).toBe(false);
});
