/** Doctor's checks of Maven's settings.xml: whether it has the repositories. */
import { join } from "node:path";
import { failure, type Finding, type Machine, ok } from "../checks/finding.ts";
import { setupCommand } from "../registry-url.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { deploymentVariable, secretId } from "./names.ts";

function settingsFile({ home }: Machine): string {
  return join(home, ".m2/settings.xml");
}

/** Findings on the repositories that are set up for Maven. */
export function checkMaven(machine: Machine): Finding[] {
  const repositories = machine.settings.repositories.filter(({ files }) => files?.["maven"] !== undefined);
  if (repositories.length === 0) return [];
  const path = settingsFile(machine);
  const text = readSmallFile(path);
  return repositories.map((repository): Finding => {
    const { domain, repository: name, endpoints, tokenVariable } = repository;
    const said = `${domain}/${name}`;
    const ids = tokenVariable && [secretId(tokenVariable), `\${env.${deploymentVariable(tokenVariable)}}`];
    const parts = [endpoints.maven, tokenVariable, ...(ids || []).map((each) => `<id>${each}</id>`)];
    if (text !== undefined && parts.every((part) => part !== undefined && text.includes(part))) {
      return ok("maven-repository", `Maven's settings lead to ${said} (${path}).`);
    }
    return failure(
      "maven-repository",
      `${path} does not lead Maven to ${said}, for which Vouch is set up.`,
      setupCommand(repository, "maven"),
    );
  });
}
