/** Where `vouch setup codeartifact` has the endpoints from. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../../settings/my-repository.ts";
import { codeartifact, env, home, setRole, settings, useHome } from "./home.ts";

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
