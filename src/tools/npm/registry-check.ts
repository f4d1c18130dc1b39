/** Doctor's check of a user file that names npm registries, for tools with a file of their own. */
import type { Settings } from "../../settings/settings.ts";
import { failure, type Finding, ok } from "../checks/finding.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";

/** A registry in a file: its key as a person knows it, and its URL. */
export interface NamedRegistry {
  key: string;
  url: string;
}

/**
 * One finding for each registry of CodeArtifact, and one if the tool is set up but none of them is configured. `tool`
 * is its name in settings and messages, `path` that of the file.
 */
export function checkRegistries(
  tool: string,
  registries: NamedRegistry[],
  path: string,
  settings: Settings,
): Finding[] {
  const check = `${tool}-registry`;
  const findings = registries.flatMap(({ key, url }): Finding[] => {
    const found = classify(url, "npm", settings);
    const said = `${tool}'s ${key} is ${withoutSecrets(url)} (${path})`;
    if (found.kind === "configured") return [ok(check, `${said}.`)];
    if (found.kind === "other") return [];
    return [failure(check, `${said}, a repository that Vouch is not set up for.`, codeArtifactRemedy(found, tool))];
  });
  const first = settings.repositories.find(({ files }) => files?.[tool] !== undefined);
  if (first && !findings.some(({ status }) => status === "ok")) {
    const said = `${path} names no repository that Vouch is set up for.`;
    findings.push(failure(check, said, setupCommand(first, tool)));
  }
  return findings;
}
