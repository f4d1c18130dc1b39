/** The step "repository": sets up the package managers of this machine, and PATH. */
import { loadReplacedLines, replacedLinesPath } from "../../../editing/replaced-lines.ts";
import { VouchError } from "../../../base/errors.ts";
import type { RepositorySettings } from "../../../settings/settings.ts";
import { stableExecutable } from "../../../tools/executable.ts";
import type { ToolName } from "../../../tools/tools.ts";
import { promptParsed } from "../../terminal/questions.ts";
import { showError } from "../../terminal/terminal.ts";
import { addRepository } from "../setup/codeartifact/add-repository.ts";
import { reportDone, sayNext } from "../setup/codeartifact/outcome/report.ts";
import { parseTools } from "../setup/codeartifact/request.ts";
import { installed, listed, toolsOf } from "../setup/codeartifact/selected-tools.ts";
import { chooseNames, type Names } from "./names.ts";
import type { Given, Situation, Step } from "./step.ts";

export const repository: Step = {
  title: "Repository",
  present: ({ given, settings }) => {
    const found = settings.repositories.findLast((each) => isMeant(each, given));
    if (found === undefined) return undefined;
    return `Repository: ${found.domain}/${found.repository}, for ${listed(toolsOf(found))}.`;
  },
  isGiven: ({ domain, repository: name, tools }) => domain !== undefined || name !== undefined || tools.length > 0,
  carryOut: async (at) => {
    for (;;) {
      const names = await chooseNames(at);
      try {
        return await setUp(names, await chooseTools(names, at), at);
      } catch (error) {
        // What was typed is asked for again; what flags say is not.
        if (!names.isTyped || !(error instanceof VouchError) || error.code !== "aws_not_found") throw error;
        showError(new VouchError(error.code, error.message));
      }
    }
  },
};

/** Whether it is the repository that the flags name, and set up for their tools. */
function isMeant(each: RepositorySettings, given: Given): boolean {
  return (
    (given.domain ?? each.domain) === each.domain &&
    (given.repository ?? each.repository) === each.repository &&
    (given["domain-owner"] ?? each.domainOwner) === each.domainOwner &&
    given.tools.every((tool) => each.files?.[tool] !== undefined)
  );
}

/** Those of `--tool`, else those that are installed, of which a person may leave some out. */
async function chooseTools(names: Names, { given, isPerson }: Situation): Promise<ToolName[]> {
  if (given.tools.length > 0) return given.tools;
  const all = await installed(process.env, names, !isPerson);
  if (all !== undefined) return all;
  return promptParsed(`Which of them? With commas between`, (text) => parseTools([text], "vouch enroll"));
}

async function setUp(
  { domain, owner, repository: name }: Names,
  tools: ToolName[],
  { given, settings, isPerson }: Situation,
): Promise<() => void> {
  const flags = {
    domain,
    repository: name,
    "domain-owner": owner,
    "registry-name": given["registry-name"],
    region: settings.aws?.region,
    host: undefined,
  };
  const words = ["--domain", domain, "--domain-owner", owner, "--repository", name, "--tool", tools.join(",")];
  const outcome = await addRepository(flags, words, tools, settings, {
    env: process.env,
    executable: stableExecutable(process.env),
    replaced: loadReplacedLines(replacedLinesPath(process.env)),
    path: given.path,
    dryRun: false,
    isSilent: !isPerson,
  });
  // Tools were chosen, so that nothing was left to decline.
  if (outcome === undefined) throw new VouchError("usage", "No package manager was chosen.");
  reportDone(outcome);
  return () => sayNext(outcome);
}
