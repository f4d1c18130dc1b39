import { expect, test } from "bun:test";
import type { RepositorySettings } from "../../../../../../src/settings/settings.ts";
import { saidOfDefault } from "../../../../../../src/cli/commands/setup/codeartifact/outcome/default-repository.ts";

const repository: RepositorySettings = {
  domain: "my-domain",
  domainOwner: "123456789012",
  region: "us-east-1",
  repository: "my-repo",
  endpoints: {},
};
const settings = (...repositories: RepositorySettings[]) => ({ version: 1 as const, repositories });

test.each<[string, Partial<RepositorySettings>, string]>([
  ["its name", { repository: "other" }, "my-domain/other"],
  ["its account and region if the name is the same", { region: "eu-west-1" }, "that of 123456789012 in eu-west-1"],
])("the default repository takes the place of another one, which is named by %s", (_, former, named) => {
  const other = { ...repository, ...former };
  const change = { before: settings(other), after: settings(other, repository) };
  expect(saidOfDefault(repository, change, true)).toBe(
    `my-domain/my-repo would be the default repository, in place of ${named}.`,
  );
});
