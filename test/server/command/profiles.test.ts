/** `vouch server profiles` as processes: what they change, print and refuse. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const database = `sqlite:${join(folder, "vouch.db")}`;

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, main, "server", ...args, "--database", database], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" },
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vouch("profiles", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
  await vouch("invite", "dev@example.com");
});

const company = `
[aws]
roleArn = "arn:aws:iam::123456789012:role/vouch-developer"
region = "us-east-1"

[[repositories]]
domain = "my-domain"
domainOwner = "123456789012"
region = "us-east-1"
repository = "my-repo"
tools = ["npm"]
`;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test("profiles are set from TOML and JSON, listed, shown for a person, and removed", async () => {
  await vouch("groups", "add", "platform");
  await vouch("groups", "join", "platform", "dev@example.com");
  expect(await said("list")).toBe("There is no profile yet: vouch server profiles set NAME FILE\n");
  expect(await said("set", "company", file("company.toml", company))).toBe(
    "company is for everybody. People see it after their next `vouch login`.\n",
  );
  expect(await said("set", "company", join(folder, "company.toml"))).toContain("everybody, as it was.");
  const theirs = { profiles: [{ name: "ops", roleArn: "arn:aws:iam::123456789012:role/ops", region: "us-east-1" }] };
  const json = file("platform.JSON", JSON.stringify(theirs));
  expect(JSON.parse(await said("set", "platform", json, "--group", "platform", "--json"))).toMatchObject({
    name: "platform",
    group: "platform",
    changed: true,
    digest: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(await said("set", "platform", json)).toMatch(/^platform is for the group platform, .* --everybody makes it/);
  expect(await said("list")).toBe(
    "company  (for everybody; a role, 1 repository)\nplatform  (for the group platform; 0 repositories, 1 named profile)\n",
  );
  expect(JSON.parse(await said("list", "--json"))).toMatchObject([
    { name: "company", group: null, body: { repositories: [{ tools: ["npm"] }] } },
    { name: "platform", group: "platform", body: theirs },
  ]);
  expect(JSON.parse(await said("show", "platform"))).toEqual(theirs);
  expect(JSON.parse(await said("show", "--person", "Dev@example.com"))).toMatchObject({
    aws: { region: "us-east-1" },
    ...theirs,
  });
  expect(await vouch("profiles", "set", "platform", json, "--group", "platform", "--everybody")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("either --group or --everybody"),
  });
  expect(await said("set", "platform", json, "--everybody")).toStartWith("platform is for everybody. ");
  expect(JSON.parse(await said("set", "platform", json, "--json"))).toMatchObject({ group: null, changed: false });
  expect(await said("remove", "company")).toBe("company is announced no longer.\n");
  expect(JSON.parse(await said("show", "--person", "dev@example.com"))).toEqual(theirs);
  const { stdout } = await vouch("audit", "--json");
  const entries = JSON.parse(stdout).filter(({ event }: { event: string }) => event.startsWith("profile_"));
  expect(entries).toMatchObject([
    { event: "profile_set", detail: { profile: "company" }, by: expect.any(String) },
    { event: "profile_set", detail: { profile: "platform", group: "platform" } },
    { event: "profile_set", detail: { profile: "platform" } },
    { event: "profile_removed", detail: { profile: "company" } },
  ]);
});

test.each<[string, string[], string]>([
  ["a file that is not there", ["set", "x", join(folder, "nothing.toml")], "cannot be read"],
  ["no TOML", ["set", "x", file("broken.toml", "[[")], "broken.toml is not TOML."],
  ["no JSON", ["set", "x", file("broken.json", "{")], "broken.json is not JSON."],
  [
    "a server in it",
    ["set", "x", file("server.toml", 'server = "https://a.example"')],
    "at server: there is no such key.",
  ],
  [
    "a domain that is none",
    ["set", "x", file("domain.toml", company.replace("my-domain", "My Domain"))],
    "at repositories.0.domain: expected a CodeArtifact domain's name.",
  ],
  [
    "a mistyped package manager",
    ["set", "x", file("tool.toml", company.replace('"npm"', '"nmp"'))],
    "Did you mean npm?",
  ],
  [
    "a region of another partition",
    ["set", "x", file("region.toml", company.replaceAll("us-east-1", "cn-north-1"))],
    "partition",
  ],
  ["an unknown group", ["set", "x", file("ok.toml", company), "--group", "nobody"], 'There is no group "nobody".'],
  ["a name with a code in it", ["set", "x\u001b[2J", join(folder, "ok.toml")], "Expected the name of a profile"],
  ["nothing to show", ["show"], "--person EMAIL"],
  ["an unknown profile to show", ["show", "nobody"], 'There is no profile "nobody".'],
  ["an unknown profile to remove", ["remove", "nobody"], "vouch server profiles list"],
  ["an unknown person", ["show", "--person", "nobody@example.com"], "There is no user"],
])("refuses %s", async (_, args, expected) => {
  const { code, stdout, stderr } = await vouch("profiles", ...args);
  expect(stderr).toContain(expected);
  expect({ stdout, hasCode: stderr.includes("\u001b") }).toEqual({ stdout: "", hasCode: false });
  // 2 is an argument of another form, 1 a fact about what there is.
  expect(code).toBe(stderr.includes("There is no") ? 1 : code || 1);
});
