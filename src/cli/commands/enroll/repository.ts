/** The step "repository": sets up the package managers of this machine, and PATH. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../editing/replaced-lines.ts";
import { VouchError } from "../../../base/errors.ts";
import type { RepositorySettings } from "../../../settings/settings.ts";
import { stableExecutable } from "../../../tools/executable.ts";
import { installedTools, type ToolName } from "../../../tools/tools.ts";
import { confirm } from "../../terminal/prompt.ts";
import { promptParsed } from "../../terminal/questions.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import { showError } from "../../terminal/terminal.ts";
import { addRepository } from "../setup/codeartifact/add-repository.ts";
import { reportDone, sayCommands, sayFirstCommand, sayNext } from "../setup/codeartifact/outcome/report.ts";
import { parseTools, sameRepository } from "../setup/codeartifact/request.ts";
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
    let names = await chooseNames(at);
    while (names.isTyped && !(await isThere(names))) names = await chooseNames(at);
    return setUp(names, await chooseTools(names, at), at);
  },
};

/** Whether AWS knows the names that were typed, or a person says that they are right all the same. */
async function isThere({ domain, owner, region, repository: name }: Names): Promise<boolean> {
  try {
    const asked = { domain, domainOwner: owner, region, repository: name, format: "npm" };
    await askAgent(routes.repositoryEndpoint, asked, { timeoutMs: agentTimeoutMs });
    return true;
  } catch (error) {
    const { code, message } = VouchError.from(error);
    // Other failures say nothing of the names.
    if (code !== "aws_not_found" && code !== "access_denied") return true;
    showError(new VouchError(code, message));
    return code === "access_denied" && confirm(`Are the names right? Set up ${domain}/${name} all the same?`, false);
  }
}

/** Whether it is the repository that the flags name, and set up for their tools. */
function isMeant(each: RepositorySettings, given: Given): boolean {
  return (
    (given.domain ?? each.domain) === each.domain &&
    (given.repository ?? each.repository) === each.repository &&
    (given["domain-owner"] ?? each.domainOwner) === each.domainOwner &&
    (given.region ?? each.region) === each.region &&
    given.tools.every((tool) => each.files?.[tool] !== undefined)
  );
}

/** Those of `--tool`, else those that are installed, of which a person may leave some out. */
async function chooseTools(names: Names, { given, isPerson }: Situation): Promise<ToolName[]> {
  if (given.tools.length > 0) return given.tools;
  const all = await installed(process.env, names, !isPerson);
  if (all !== undefined) return all;
  const choice = listed(installedTools(process.env));
  return promptParsed(`Which of ${choice}? With commas between`, (text) => {
    try {
      return parseTools([text], "vouch enroll");
    } catch {
      throw new VouchError("usage", `Expected names among ${choice}, got "${text}".`);
    }
  });
}

async function setUp(
  { domain, owner, region, repository: name }: Names,
  tools: ToolName[],
  { given, settings, isPerson }: Situation,
): Promise<() => void> {
  const flags = {
    domain,
    repository: name,
    "domain-owner": owner,
    "registry-name": given["registry-name"],
    region,
    host: undefined,
    // One that is set up stays of its kind.
    extra: settings.repositories.some(
      (each) => each.extra && sameRepository(each, { domain, domainOwner: owner, region, repository: name }),
    ),
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
  reportDone(outcome, isPerson);
  if (!isPerson) return () => sayNext(outcome);
  sayCommands(outcome, "With your package managers:");
  return () => sayFirstCommand(outcome);
}
