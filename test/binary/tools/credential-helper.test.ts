/**
 * `vouch-credential-helper` as Bazel starts it: its own way to run a helper, to read its answer and to use it, in the
 * sandbox's registries. https://github.com/EngFlow/credential-helper-spec
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";
import { myPackage, seedPackage } from "../../sandbox/packages.ts";
import { filesContaining } from "../disk.ts";

let laptop: Laptop;
let workspace: string;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--tool", "cargo,pip,npm,bazel");
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
  workspace = join(laptop.home, "workspace");
  mkdirSync(workspace);
});
afterAll(async () => laptop?.stop());

const host = `https://${names.packageHost}`;
const of = (path: string): string => `${host}/${path.replace("REPO", names.repository)}`;

/** Runs the helper in the workspace, with this text on stdin. */
function run(
  stdin: string,
  args = ["get"],
  more: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Finished> {
  return laptop.run([join(laptop.shims, "vouch-credential-helper"), ...args], { cwd: workspace, stdin, ...more });
}

/** The headers for a URI, as Bazel takes them: any other exit code than 0, or another shape, is an error. */
async function headersFor(uri: string): Promise<Record<string, string>> {
  const { exitCode, stdout, stderr } = await run(JSON.stringify({ uri }));
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
  const { expires, headers } = JSON.parse(stdout) as { expires: string; headers: Record<string, string[]> };
  // Bazel's pattern is yyyy-MM-dd'T'HH:mm:ssXXX: a fraction of a second is an error.
  expect(expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(Date.parse(expires)).toBeGreaterThan(Date.now());
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => {
      expect(values).toEqual([expect.any(String)]);
      return [name, values[0]!];
    }),
  );
}

test("the link stands in the shims folder, and ~/.bazelrc names it for the repository's host", async () => {
  const link = join(laptop.shims, "vouch-credential-helper");
  expect(readlinkSync(link)).toEndWith("/vouch");
  const bazelrc = await Bun.file(join(laptop.home, ".bazelrc")).text();
  expect(bazelrc).toContain(`\ncommon --credential_helper=${names.packageHost}=${link}\n`);
});

test.each([
  ["cargo", "cargo/REPO/config.json", 200],
  ["maven", "maven/REPO/com/example/none/maven-metadata.xml", 404],
  ["npm", "npm/REPO/-/ping", 200],
  ["pypi", "pypi/REPO/simple/my-package/", 200],
])("a download of the format %s is authorized by the answer, and refused without it", async (_, path, status) => {
  const url = of(path);
  expect((await laptop.sandbox.fetch(url)).status).toBe(401);
  expect((await laptop.sandbox.fetch(url, { headers: await headersFor(url) })).status).toBe(status);
});

test("a URI with a query and with percent-encoding is answered", async () => {
  expect(Object.keys(await headersFor(of("npm/REPO/@acme%20x/y?a=b#c")))).toEqual(["Authorization"]);
});

test.each([
  ["another host", "https://other.example.com/maven/my-repo/x"],
  ["a look-alike", `${host}.example.com/maven/${names.repository}/x`],
  ["another repository", of("maven/another/x")],
  ["a format that is not set up", of("nuget/REPO/v3/index.json")],
  ["the bare host", `${host}/`],
  ["plain http", of("maven/REPO/x").replace("https:", "http:")],
  ["another port", of("maven/REPO/x").replace(".com/", ".com:8443/")],
  ["gRPC", of("maven/REPO/x").replace("https:", "grpcs:")],
  ["a way out", of("maven/REPO/../another/x")],
  ["an encoded way out", of("maven/REPO/%2e%2e/another/x")],
  ["a host before a query", `https://evil.example?@${names.packageHost}/maven/${names.repository}/x`],
  ["a user name", `https://evil:x@${names.packageHost}/maven/${names.repository}/x`],
  ["nothing", "x"],
])("%s is unsupported input: an error, and no output", async (_, uri) => {
  const { exitCode, stdout, stderr } = await run(JSON.stringify({ uri }));
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toStartWith("vouch: ");
});

describe("a malformed request", () => {
  test.each([
    ["nothing", ""],
    ["no JSON", "uri=https://x.example"],
    ["another key", `{"url":"${host}"}`],
    ["two objects", `{"uri":"${host}"}{"uri":"${host}"}`],
    ["too much", JSON.stringify({ uri: `${host}/${"x".repeat(70_000)}` })],
    ["too many lines", `{"uri":"${host}"}${"\n".repeat(70_000)}`],
  ])("is an error: %s", async (_, stdin) => {
    expect(await run(stdin)).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("stdin") });
  });

  test.each([[[]], [["store"]], [["--debug"]]])("is told how it is used: %j", async (args) => {
    expect(await run("", args)).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("Usage: ") });
  });
});

test("a stdin that never ends is waited for no longer than its limit", async () => {
  const child = Bun.spawn([join(laptop.shims, "vouch-credential-helper"), "get"], {
    cwd: workspace,
    env: laptop.env,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  await child.stdin.write(`{"uri":`);
  await child.stdin.flush();
  expect(await child.exited).not.toBe(0);
  expect(await new Response(child.stderr).text()).toContain("Stdin did not end");
});

test("a workspace whose .bazelrc decides about trust gets no token, and is told where", async () => {
  const hostile = join(laptop.home, "hostile");
  mkdirSync(hostile);
  writeFileSync(join(hostile, ".bazelrc"), "startup --host_jvm_args=-Djavax.net.ssl.trustStore=evil.jks\n");
  const said = await run(JSON.stringify({ uri: of("maven/REPO/x") }), ["get"], { cwd: hostile });
  expect(said).toMatchObject({ exitCode: 5, stdout: "", stderr: expect.stringContaining("/hostile/.bazelrc") });
});

test("without a session the exit code is 4, and the next command is named", async () => {
  const env = { VOUCH_RUNTIME_DIR: join(laptop.folder, "no-agent") };
  const said = await run(JSON.stringify({ uri: of("maven/REPO/x") }), ["get"], { env });
  expect(said).toMatchObject({ exitCode: 4, stdout: "", stderr: expect.stringContaining("vouch login") });
});

test("--remove takes link and line away, and no token stands in any file", async () => {
  await laptop.vouch("setup", "codeartifact", "--remove", "--tool", "bazel");
  expect(await Bun.file(join(laptop.home, ".bazelrc")).exists()).toBe(false);
  expect(await Bun.file(join(laptop.shims, "vouch-credential-helper")).exists()).toBe(false);
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
