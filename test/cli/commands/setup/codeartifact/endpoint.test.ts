/** Where `vouch setup codeartifact` has the endpoints from. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../../../settings/my-repository.ts";
import { codeartifact, command, env, home, names, read, setRole, settings, setup, useHome, write } from "../home.ts";

useHome();

describe("the endpoints of a repository", () => {
  const reply = (status: number, body: object) => ({ status, body });
  const error = (code: string) => reply(403, { error: { code, message: `Said ${code}.` } });
  const vpc = "https://vpce-1.d.codeartifact.us-east-1.vpce.amazonaws.com/npm/d/my-domain-123456789012/my-repo/";

  test.each([
    ["come from CodeArtifact", reply(200, { endpoint: vpc }), 0, vpc, "as CodeArtifact gives them"],
    ["come from the rules without the permission", error("access_denied"), 0, "", "Said access_denied"],
    ["come from the rules without network", error("network"), 0, "", "Said network"],
    ["are not guessed when the repository does not exist", error("aws_not_found"), 1, "", "Said aws_not_found"],
    ["never carry a line end into a file", reply(200, { endpoint: `${vpc}\nx=1/` }), 1, "", "plain https URL"],
    ["never carry a user name", reply(200, { endpoint: vpc.replace("//", "//a@") }), 1, "", "plain https URL"],
    ["are https", reply(200, { endpoint: vpc.replace("https", "http") }), 1, "", "plain https URL"],
  ])("%s", async (_, answer, exitCode, expected, said) => {
    await setRole();
    mkdirSync(env["VOUCH_RUNTIME_DIR"]!, { mode: 0o700 });
    const status = { version: "0", pid: 1, startedAt: 0, repositories: [], session: { user: "dev", expiration: 9e9 } };
    const agent = Bun.serve({
      unix: join(env["VOUCH_RUNTIME_DIR"]!, "agent.sock"),
      fetch: ({ url }) => {
        const asked = new URL(url).pathname === "/v1/status" ? { status: 200, body: status } : answer;
        return Response.json(asked.body, { status: asked.status, headers: { "vouch-protocol": "1" } });
      },
    });
    const run = await codeartifact("--tool", "npm");
    await agent.stop(true);
    expect(run.stderr).toContain(said);
    expect(run.exitCode).toBe(exitCode);
    expect(existsSync(join(home, ".npmrc"))).toBe(exitCode === 0);
    if (exitCode === 0) {
      expect(settings().repositories[0]!.endpoints.npm).toBe(expected || `https://${host}/npm/my-repo/`);
    }
  });
});

describe("the next commands of a set-up beside an agent with a session", () => {
  async function besideAgent(settingsPath: string, ...words: string[]) {
    mkdirSync(env["VOUCH_RUNTIME_DIR"]!, { mode: 0o700 });
    const session = { user: "dev", expiration: 9e9 };
    const status = { version: "0", pid: 1, startedAt: 0, repositories: [], session, settings: settingsPath };
    const agent = Bun.serve({
      unix: join(env["VOUCH_RUNTIME_DIR"]!, "agent.sock"),
      fetch: ({ url }) =>
        Response.json(new URL(url).pathname === "/v1/status" ? status : { endpoint: `https://${host}/npm/my-repo/` }, {
          headers: { "vouch-protocol": "1" },
        }),
    });
    const run = await setup(...words);
    await agent.stop(true);
    expect(run.exitCode).toBe(0);
    return run.stderr;
  }
  const repository = [
    "codeartifact",
    ...names,
    "--tool",
    "npm",
    "--region",
    "us-east-1",
    "--domain-owner",
    "123456789012",
  ];

  test("are no enrolment and no login where it serves these settings", async () => {
    const said = await besideAgent(join(home, ".config/vouch/config.json"), ...repository);
    expect(said).not.toMatch(/vouch (enroll|login|agent stop)/);
  });

  test("begin with its end where it serves others, and what would use those is said", async () => {
    const said = await besideAgent("/home/dev/my conf/vouch.json", ...repository);
    expect(said).toContain("Its session does not serve what is set up in this shell.");
    expect(said).toContain("VOUCH_CONFIG='/home/dev/my conf/vouch.json'");
    expect(said).toMatch(
      /Next:\n +vouch agent stop +end the agent that reads other settings[^]*\n +vouch enroll[^]*\n +vouch login/,
    );
  });

  test("of `vouch setup aws` likewise", async () => {
    const said = await besideAgent("/home/dev/vouch.json", "aws", "--role", "arn:aws:iam::123456789012:role/r");
    expect(said).toContain("Its session does not serve what is set up in this shell.");
    expect(said).toMatch(/Next: `vouch agent stop`[^]*Next: `vouch enroll/);
  });
});

const dualStack = "my-domain-123456789012.codeartifact.us-east-1.on.aws";
const vpcHost = "vpce-0743fe535b883ffff-76ddffff.d.codeartifact.us-east-1.vpce.amazonaws.com";
const vpcUrl = `https://${vpcHost}/npm/d/my-domain-123456789012/my-repo/`;
const npmEndpoint = () => settings().repositories.map(({ endpoints }) => endpoints.npm);

describe("the host of a repository", () => {
  test("is the dual-stack one with --dual-stack, and stays it", async () => {
    await setRole();
    expect(await codeartifact("--tool", "npm", "--dual-stack")).toMatchObject({ exitCode: 0 });
    expect(npmEndpoint()).toEqual([`https://${dualStack}/npm/my-repo/`]);
    expect(read(".npmrc")).toContain(`\nregistry=https://${dualStack}/npm/my-repo/\n`);
    expect(await codeartifact("--tool", "pip")).toMatchObject({ exitCode: 0 });
    expect(settings().repositories[0]!.endpoints.pypi).toBe(`https://${dualStack}/pypi/my-repo/`);
  });

  test("is that of the URL which --endpoint gives in place of the names, for every tool", async () => {
    await setRole();
    const run = await setup("codeartifact", "--tool", "npm,cargo", "--endpoint", vpcUrl.replace("/npm/", "/pypi/"));
    expect(run).toMatchObject({ exitCode: 0 });
    expect(settings().repositories[0]).toMatchObject({
      domain: "my-domain",
      domainOwner: "123456789012",
      region: "us-east-1",
      repository: "my-repo",
      endpoints: { npm: vpcUrl, cargo: vpcUrl.replace("/npm/", "/cargo/") },
    });
    expect(read(".cargo/config.toml")).toContain(`index = "sparse+${vpcUrl.replace("/npm/", "/cargo/")}"`);
  });

  test("is that of the VPC endpoint that --endpoint gives without a path, and goes back to IPv4's by its URL", async () => {
    await setRole();
    expect(await codeartifact("--tool", "npm", "--endpoint", vpcHost)).toMatchObject({ exitCode: 0 });
    expect(npmEndpoint()).toEqual([vpcUrl]);
    const url = `https://${host}/npm/my-repo/`;
    expect(await setup("codeartifact", "--tool", "npm", "--endpoint", url)).toMatchObject({ exitCode: 0 });
    expect(npmEndpoint()).toEqual([url]);
    expect(read(".npmrc")).not.toContain("vpce");
  });

  test("may be in an account that is not the role's", async () => {
    await setRole();
    const url = vpcUrl.replace("123456789012", "999999999999");
    expect(await setup("codeartifact", "--tool", "npm", "--endpoint", url)).toMatchObject({ exitCode: 0 });
    expect(settings().repositories[0]).toMatchObject({ domainOwner: "999999999999", endpoints: { npm: url } });
  });

  test("may be another one in the project, whose name for the Cargo registry is taken all the same", async () => {
    await setRole();
    write("project/.cargo/config.toml", `[registries.company]\nindex = "sparse+https://${dualStack}/cargo/my-repo/"\n`);
    const run = Bun.spawn([...command, "codeartifact", ...names, "--tool", "cargo"], {
      cwd: join(home, "project"),
      env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    expect(await run.exited).toBe(0);
    expect(settings().repositories[0]!.registryName).toBe("company");
  });

  test.each([
    ["another host", ["--endpoint", "https://packages.example/npm/my-repo/"], "expects the URL of a repository in AWS"],
    ["a look-alike", ["--endpoint", vpcUrl.replace("amazonaws.com", "amazonaws.com.evil.example")], "expects"],
    ["plain http", ["--endpoint", vpcUrl.replace("https", "http")], "expects the URL"],
    ["another repository", ["--endpoint", vpcUrl.replace("my-repo", "other")], "has the repository other"],
    ["another region", ["--endpoint", vpcUrl, "--region", "eu-west-1"], "has the region us-east-1"],
    ["two hosts", ["--endpoint", vpcUrl, "--dual-stack"], "another host than the dual-stack one"],
    [
      "another partition",
      ["--endpoint", "https://my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.com.cn/npm/my-repo/"],
      "aws-cn",
    ],
  ])("is refused: %s", async (_, flags, said) => {
    await setRole();
    const run = await codeartifact("--tool", "npm", ...flags);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(said);
    expect(existsSync(join(home, ".npmrc"))).toBe(false);
  });
});
