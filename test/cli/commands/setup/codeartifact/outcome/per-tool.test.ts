/** What `vouch setup codeartifact --tool` says of the tools that it leaves as they are. */
import { expect, test } from "bun:test";
import { host } from "../../../../../settings/my-repository.ts";
import { codeartifact, read, setRole, settings, setup, snapshot, useHome } from "../../home.ts";

useHome();

const slip = ["codeartifact", "--domain", "my-domian", "--repository", "my-repo"];
const removal = "vouch setup codeartifact --remove --domain my-domain --repository my-repo";

test("--remove for a tool that the repository is not set up for names those that it is, and the commands", async () => {
  await setRole();
  await codeartifact("--tool", "cargo,npm");
  const before = snapshot();
  for (const flags of [
    ["--remove", "--tool", "pip"],
    ["--remove", "--tool", "pip", "--dry-run"],
  ]) {
    const run = await codeartifact(...flags);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("my-domain/my-repo is not set up for pip here.");
    expect(run.stderr).toContain(
      `It is set up for cargo and npm: \`${removal}\` takes it away whole, with \`--tool NAME\` for one of them.`,
    );
    expect(run.stderr).not.toContain("is not set up here;");
  }
  expect(snapshot()).toEqual(before);
  // The command works as it stands.
  expect(await setup(...removal.split(" ").slice(2))).toMatchObject({ exitCode: 0 });
  expect(settings().repositories).toEqual([]);
});

test("--remove for one tool says for which ones the repository stays, and nothing when it is the last", async () => {
  await setRole();
  await codeartifact("--tool", "cargo,npm");
  const run = await codeartifact("--remove", "--tool", "pip,npm");
  expect(run.stderr).toContain("my-domain/my-repo is not set up for pip here.");
  expect(run.stderr).toContain(`It stays set up for cargo: \`${removal}\` takes it away whole.`);
  const last = await codeartifact("--remove", "--tool", "cargo");
  expect(last.stderr).not.toContain("set up for");
});

test("a correction by --tool says for which tools the other repository is replaced, and for which it stays", async () => {
  await setRole();
  await setup(...slip, "--tool", "cargo,pip,npm");
  const words = "for npm, and stays set up for cargo and pip. To change them too: `vouch ";
  const preview = await codeartifact("--tool", "npm", "--dry-run");
  expect(preview.stderr).toContain(`my-domian/my-repo (123456789012, us-east-1) would be replaced by it ${words}`);
  const run = await codeartifact("--tool", "npm");
  expect(run.stderr).toContain(`my-domian/my-repo (123456789012, us-east-1) is replaced by it ${words}`);
  const files = (domain: string) =>
    Object.keys(settings().repositories.find((each) => each.domain === domain)?.files ?? {});
  expect(files("my-domain")).toEqual(["npm"]);
  expect(files("my-domian")).toEqual(["cargo", "pip"]);
  // The command that it names does the rest.
  const [, command] = /too: `vouch setup (codeartifact [^`]+)`/.exec(run.stderr)!;
  expect(await setup(...command!.split(" "))).toMatchObject({ exitCode: 0 });
  expect(settings().repositories.map(({ domain }) => domain)).toEqual(["my-domain"]);
  expect(read(".npmrc")).toContain(`registry=https://${host}/npm/my-repo/`);
});

test("nothing is called replaced where another tool of the same format keeps the other repository", async () => {
  await setRole();
  await setup(...slip, "--tool", "pip");
  const run = await codeartifact("--tool", "uv");
  expect(run.stderr).toContain("my-domian/my-repo (123456789012, us-east-1) stays set up for pip. To change it too:");
  expect(run.stderr).not.toContain("replaced");
});
