/** The rules of the RubyGems repository that gem and bundle do not run into by themselves. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { buildGem } from "../../packages.ts";
import { requires } from "../../../requires.ts";
import { marshal, type MarshalValue } from "./ruby-marshal.ts";
import { hexDigest } from "../registry.ts";
import { startVisitor, type Visitor } from "../visitor.ts";

const source = { name: "my-gem", version: "1.0.0", files: { "lib/my_gem.rb": "" } };

let visitor: Visitor;

beforeAll(async () => {
  visitor = await startVisitor();
  expect((await push(await buildGem(source))).status).toBe(200);
});
afterAll(() => visitor.sandbox.stop());

const push = (body: Uint8Array<ArrayBuffer>) => visitor.send("POST", "/ruby/my-repo/api/v1/gems", body);
const get = (path: string) => visitor.get(`/ruby/my-repo/${path}`);

test("the sandbox's index of a gem has its checksum, and the gem is that file", async () => {
  const file = await (await get("gems/my-gem-1.0.0.gem")).bytes();
  const line = `1.0.0 |checksum:${hexDigest("sha256", file)},ruby:>= 0`;
  expect(await (await get("info/my-gem")).text()).toBe(`---\n${line}\n`);
});

test.each([
  "versions",
  "names",
  "specs.4.8.gz",
  "latest_specs.4.8.gz",
  "info/other",
  "gems/my-gem-2.0.0.gem",
  "/api/v1/gems",
])("the sandbox's RubyGems repository has no %s, as CodeArtifact", async (path) => {
  expect((await get(path)).status).toBe(404);
});

// RubyGems asks so whether there is a compact index: up to 3.5.18 the root, later /versions, which CodeArtifact lacks
// ("RubyGems command support" of its user guide).
test.each([
  ["", 200],
  ["versions", 404],
])("the sandbox answers HEAD of RubyGems' %p with %p", async (path, status) => {
  expect((await visitor.send("HEAD", `/ruby/my-repo/${path}`)).status).toBe(status);
});

test("basic authentication with the user name aws is taken, other user names are not", async () => {
  const status = async (user: string) => {
    const authorization = `Basic ${Buffer.from(`${user}:${visitor.token}`).toString("base64")}`;
    return (await visitor.get("/ruby/my-repo/info/my-gem", { authorization })).status;
  };
  expect([await status("aws"), await status("dev")]).toEqual([200, 401]);
});

test("a gem is pushed once, and not without the action", async () => {
  expect((await push(await buildGem(source))).status).toBe(409);
  const { permissions } = visitor.role;
  const action = "codeartifact:PublishPackageVersion";
  permissions.push({ Effect: "Deny", Action: action, Resource: "*" });
  expect((await push(await buildGem({ ...source, version: "1.0.1" }))).status).toBe(403);
  permissions.pop();
});

test("the sandbox refuses what is no gem", async () => {
  const archive = async (files: Record<string, Uint8Array | string>) => new Bun.Archive(files).bytes();
  const metadata = new Uint8Array(gzipSync("name: my-gem\n"));
  for (const body of [
    new Uint8Array(),
    Buffer.from("text"),
    await archive({ "metadata.gz": metadata }),
    await archive({ "metadata.gz": metadata, "data.tar.gz": "", "checksums.yaml.gz": gzipSync("---\nSHA256: {}\n") }),
    await archive({ "metadata.gz": "no gzip", "data.tar.gz": "", "checksums.yaml.gz": "" }),
  ]) {
    expect((await push(new Uint8Array(body))).status).toBe(400);
  }
});

test.skipIf(!requires("ruby"))("Ruby reads what the sandbox marshals", () => {
  const long = "x".repeat(70_000);
  const value: MarshalValue = [
    { symbols: { name: "a", number: "ö", list: [["b", ">= 1"]] } },
    { symbols: { name: long } },
    null,
    true,
    4,
  ];
  const program = `require "json"; STDIN.binmode; puts JSON.generate(Marshal.load(STDIN.read))`;
  const { stdout } = Bun.spawnSync(["ruby", "-e", program], { stdin: marshal(value) });
  expect(JSON.parse(stdout.toString())).toEqual([
    { name: "a", number: "ö", list: [["b", ">= 1"]] },
    { name: long },
    null,
    true,
    4,
  ]);
});

test.skipIf(!requires("ruby"))("Ruby reads a specification of the sandbox", async () => {
  const bytes = await (await get("quick/Marshal.4.8/my-gem-1.0.0.gemspec.rz")).bytes();
  const program = `STDIN.binmode; spec = Marshal.load(Gem::Util.inflate(STDIN.read)); puts [spec.class, spec.full_name, spec.summary]`;
  const { stdout } = Bun.spawnSync(["ruby", "-e", program], { stdin: bytes });
  expect(stdout.toString()).toBe("Gem::Specification\nmy-gem-1.0.0\nmy-gem\n");
});
