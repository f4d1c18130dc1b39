/** Two accounts, one of whose AWS nobody answers for: the other one's tokens do not wait for it. */
import { expect, test } from "bun:test";
import { routes } from "../../src/agent/protocol.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import type { RepositorySettings } from "../../src/settings/settings.ts";
import { AgentHarness, repository } from "./harness.ts";
import { roleArn } from "./upstream.ts";

const acme = "arn:aws:iam::210987654321:role/acme";
const hub = "arn:aws:iam::123456789012:role/hub";
const profiles = { acme: { roleArn: acme, region: "eu-west-1", via: [hub] } };
const far: RepositorySettings = {
  domain: "acme",
  domainOwner: "210987654321",
  region: "eu-west-1",
  repository: "their-repo",
  endpoints: { cargo: "https://acme.example/cargo/their-repo/" },
};

/** An agent with a session, whose STS never answers for one role; everybody who waited for it would wait for ever. */
async function started(silentRole: string, repositories: RepositorySettings[]) {
  const harness = new AgentHarness([], { tokenLimits: { limitMs: 2 ** 30, patienceMs: 1 } });
  let asked = 0;
  harness.upstream.answer("sts", (form) => {
    if (form.get("RoleArn") !== silentRole) return undefined;
    asked++;
    return new Promise<never>(() => {});
  });
  await harness.login();
  harness.configure({ profiles, repositories });
  return { harness, asked: () => asked };
}

test.each<[string, string, RepositorySettings[], string]>([
  ["the other account's role", acme, [repository, { ...far, roleArn: acme }], "my-domain"],
  ["the last role of a chain", acme, [repository, { ...far, profile: "acme" }], "my-domain"],
  ["the first role of a chain", hub, [repository, { ...far, profile: "acme" }], "my-domain"],
  ["the own account's role", roleArn, [repository, { ...far, roleArn: acme }], "acme"],
])(
  "STS is silent for %s: a command has the tokens of the other, and hears why one is missing",
  async (_title, silent, repositories, there) => {
    const { harness, asked } = await started(silent, repositories);
    await using _ = harness;
    const lost = repositories.find(({ domain }) => domain !== there)!;
    for (let turn = 0; turn < 3; turn++) {
      const { failed = [], variables } = await askAgent(routes.environment, { failures: "all" });
      expect(new Set(failed.map(({ endpoint }) => endpoint))).toEqual(
        new Set(Object.values(lost.endpoints).filter((each) => each !== undefined)),
      );
      expect(failed[0]?.error.code).toBe("timeout");
      if (there === "my-domain") expect(Object.values(variables)[0]).toStartWith("my-domain-token");
      const { endpoints } = await askAgent(routes.tokens, { format: "cargo" });
      expect(endpoints.map(({ token }) => token.replace(/-token.*/, ""))).toEqual([there]);
    }
    expect(asked()).toBe(1);
  },
);

test("whoever needs the token of the one that answers does not wait at all for the other", async () => {
  const { harness } = await started(acme, [repository, { ...far, roleArn: acme }]);
  await using _ = harness;
  void askAgent(routes.token, { url: far.endpoints.cargo }).catch(() => undefined);
  expect((await harness.token()).token).toStartWith("my-domain-token");
  expect((await askAgent(routes.status)).repositories).toHaveLength(2);
});
