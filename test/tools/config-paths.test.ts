import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cargoConfigPath } from "../../src/tools/cargo/config-path.ts";
import { npmConfigPath } from "../../src/tools/npm/config-path.ts";
import { pdmConfigPath } from "../../src/tools/pdm/config-path.ts";
import { pipConfigPath } from "../../src/tools/pip/config-path.ts";
import { uvConfigPath } from "../../src/tools/uv/config-path.ts";
import { requires } from "../requires.ts";
import { toolchainEnvironment } from "../toolchains/toolchains.ts";
import { tempFolderUntil } from "../temp-folder.ts";

let home: string;
beforeEach(() => {
  home = tempFolderUntil(onTestFinished);
});

function touch(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), "");
  }
}

describe("the configuration of Cargo", () => {
  test("is in ~/.cargo, or in CARGO_HOME", () => {
    expect(cargoConfigPath({ HOME: home })).toBe(join(home, ".cargo/config.toml"));
    expect(cargoConfigPath({ HOME: home, CARGO_HOME: join(home, "c") })).toBe(join(home, "c/config.toml"));
  });

  test("is read under its old name where that exists, unless it is a link to the new one", () => {
    touch(".cargo/config");
    expect(cargoConfigPath({ HOME: home })).toBe(join(home, ".cargo/config"));
    rmSync(join(home, ".cargo/config"));
    touch(".cargo/config.toml");
    symlinkSync("config.toml", join(home, ".cargo/config"));
    expect(cargoConfigPath({ HOME: home })).toBe(join(home, ".cargo/config.toml"));
  });
});

describe("the configuration of pip", () => {
  test.each([
    ["nothing there", [], {}, "linux", ".config/pip/pip.conf"],
    ["the old place", [".pip/pip.conf"], {}, "linux", ".pip/pip.conf"],
    ["both", [".pip/pip.conf", ".config/pip/pip.conf"], {}, "linux", ".config/pip/pip.conf"],
    ["macOS", [], {}, "darwin", ".config/pip/pip.conf"],
    [
      "macOS with its folder",
      ["Library/Application Support/pip/x"],
      {},
      "darwin",
      "Library/Application Support/pip/pip.conf",
    ],
    ["XDG_CONFIG_HOME", [], { XDG_CONFIG_HOME: "xdg" }, "linux", "xdg/pip/pip.conf"],
    ["PIP_CONFIG_FILE", [".pip/pip.conf"], { PIP_CONFIG_FILE: "my.conf" }, "linux", "my.conf"],
  ] as const)("is where pip would look: %s", (_, files, env, platform, expected) => {
    touch(...files);
    const absolute = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, join(home, value)]));
    expect(pipConfigPath({ HOME: home, ...absolute }, platform)).toBe(join(home, expected));
  });

  test.skipIf(!requires("pip"))("is where pip itself looks", () => {
    const env = toolchainEnvironment(home);
    const run = Bun.spawnSync(["pip", "config", "debug"], { env });
    expect(run.stdout.toString()).toContain(pipConfigPath(env));
  });
});

describe("the configuration of npm", () => {
  test.each([
    [{}, ".npmrc"],
    [{ NPM_CONFIG_USERCONFIG: "a" }, "a"],
    [{ npm_config_userconfig: "b" }, "b"],
    [{ npm_config_userconfig: "" }, ".npmrc"],
  ])("with %j is %s", (env: Record<string, string>, expected) => {
    const absolute = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value === "" ? "" : join(home, value)]),
    );
    expect(npmConfigPath({ HOME: home, ...absolute })).toBe(join(home, expected));
  });

  test.skipIf(!requires("npm"))("is where npm itself looks", () => {
    for (const extra of [{}, { NPM_CONFIG_USERCONFIG: join(home, "mine") }]) {
      const env = { ...toolchainEnvironment(home), ...extra };
      const run = Bun.spawnSync(["npm", "config", "get", "userconfig"], { cwd: home, env });
      expect(run.stdout.toString().trim()).toBe(npmConfigPath(env));
    }
  });
});

test("the configuration of uv is in the XDG folder on every system, or where UV_CONFIG_FILE says", () => {
  expect(uvConfigPath({ HOME: home })).toBe(join(home, ".config/uv/uv.toml"));
  expect(uvConfigPath({ HOME: home, XDG_CONFIG_HOME: "/x" })).toBe("/x/uv/uv.toml");
  expect(uvConfigPath({ HOME: home, XDG_CONFIG_HOME: "x" })).toBe(join(home, ".config/uv/uv.toml"));
  expect(uvConfigPath({ HOME: home, UV_CONFIG_FILE: "/y/uv.toml" })).toBe("/y/uv.toml");
});

test("the configuration of PDM is in the folder of the system, or where PDM_CONFIG_FILE says", () => {
  expect(pdmConfigPath({ HOME: home }, "linux")).toBe(join(home, ".config/pdm/config.toml"));
  expect(pdmConfigPath({ HOME: home, XDG_CONFIG_HOME: "/x" }, "linux")).toBe("/x/pdm/config.toml");
  expect(pdmConfigPath({ HOME: home }, "darwin")).toBe(join(home, "Library/Application Support/pdm/config.toml"));
  expect(pdmConfigPath({ HOME: home, PDM_CONFIG_FILE: "/y/pdm.toml" }, "darwin")).toBe("/y/pdm.toml");
});
