/** Doctor's checks of RubyGems: whether its sources are those of a configured repository. */
import { failure, type Finding, ok, type Machine } from "../checks/finding.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { effectiveSources, gemrcFiles, readGemrc } from "./gemrc.ts";

/** Findings on the sources of the user's .gemrc. */
export function checkRuby({ env, settings }: Machine): Finding[] {
  const files = gemrcFiles(env);
  const unreadable = files
    .filter((file) => readGemrc(readSmallFile(file) ?? "") === undefined)
    .map((file) => failure("gem-config", `${file} is no mapping in YAML.`, "Correct the file."));
  const { sources, file } = effectiveSources(files);
  const findings = sources.flatMap((source): Finding[] => {
    const found = classify(source, "ruby", settings);
    const said = `A source of gem is ${withoutSecrets(source)} (${file ?? "by default"})`;
    if (found.kind === "other") return [];
    if (found.kind === "configured") return [ok("gem-sources", `${said}.`)];
    const remedy = codeArtifactRemedy(found, "ruby");
    return [failure("gem-sources", `${said}, a repository that Vouch is not set up for.`, remedy)];
  });
  const first = settings.repositories.find(({ files: edited }) => edited?.["ruby"] !== undefined);
  if (first && !sources.some((source) => classify(source, "ruby", settings).kind === "configured")) {
    const found = `The sources of gem (${file ?? "by default"}) have no repository that Vouch is set up for.`;
    findings.push(failure("gem-sources", found, setupCommand(first, "ruby")));
  }
  return [...unreadable, ...findings];
}
