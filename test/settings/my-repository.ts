/** The repository that most tests have in their settings. */
import type { RepositorySettings } from "../../src/settings/settings.ts";

/** Where its packages are. */
export const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

export const myRepository = {
  domain: "my-domain",
  domainOwner: "123456789012",
  region: "us-east-1",
  repository: "my-repo",
  endpoints: {
    cargo: `https://${host}/cargo/my-repo/`,
    npm: `https://${host}/npm/my-repo/`,
    pypi: `https://${host}/pypi/my-repo/`,
  },
} satisfies RepositorySettings;
