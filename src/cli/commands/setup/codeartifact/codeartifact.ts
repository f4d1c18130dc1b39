/** `vouch setup codeartifact`: configures the package managers for a repository, or removes that configuration. */
import { stableExecutable } from "../../../../tools/executable.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../../editing/replaced-lines.ts";
import { loadSettings } from "../../../../settings/settings.ts";
import { usage, valuesOf } from "../../../framework/arguments.ts";
import { defineCommand } from "../../../framework/command.ts";
import { note } from "../../../terminal/terminal.ts";
import { addRepository } from "./add-repository.ts";
import { carryOut } from "./carry-out.ts";
import { locate } from "./host.ts";
import { planRemoval } from "./plan.ts";
import { report } from "./outcome/report.ts";
import { commandName, parseTools, toolArgs } from "./request.ts";
import { removeFromProject, setUpProject } from "./project.ts";
import { byDefault, configured, configuredOne, notSetUp } from "./configured.ts";
import { roleArgs } from "./role-flags.ts";
import { toolsOf } from "./selected-tools.ts";
import { saidOfSharedRemoval } from "./shared-setup.ts";
import { listOfTools, toolNames } from "../../../../tools/tools.ts";

export const codeartifact = defineCommand({
  meta: {
    name: "codeartifact",
    description: `Configure ${listOfTools} for a repository in AWS CodeArtifact. No token is written anywhere.`,
  },
  args: {
    domain: { type: "string", valueHint: "DOMAIN", description: "The CodeArtifact domain." },
    repository: { type: "string", valueHint: "REPOSITORY", description: "The repository in it." },
    region: {
      type: "string",
      valueHint: "REGION",
      description:
        "The domain's region. Without it: that of `vouch setup aws`, AWS_REGION, AWS_DEFAULT_REGION, ~/.aws/config.",
    },
    "domain-owner": {
      type: "string",
      valueHint: "ACCOUNT",
      description: "The account that owns the domain. Without it: the role's account.",
    },
    endpoint: {
      type: "string",
      valueHint: "URL",
      description:
        "The repository's URL for any format, in place of the names, or that of a VPC endpoint without private DNS (https://vpce-….amazonaws.com).",
    },
    "dual-stack": {
      type: "boolean",
      description: "Use the host that answers over IPv6, too. Without it: IPv4, or the host set up before.",
    },
    ...roleArgs,
    ...toolArgs,
    scope: {
      type: "string",
      valueHint: "@SCOPE",
      description: "Use the repository for this npm scope only; may be repeated. Without it: for all npm packages.",
    },
    path: {
      type: "enum",
      options: ["yes", "no"],
      description: "Whether to add the shims folder to the start file of your shell. Without it: asks on a terminal.",
    },
    default: {
      type: "boolean",
      description:
        "Make one that is set up the default repository, in all of its tools; one of --extra then no longer is one.",
    },
    extra: {
      type: "boolean",
      description:
        "Beside the public registry, for what names it: Cargo's registries, npm scopes, uv's explicit indexes, Maven's repositories. The default repository stays what it is.",
    },
    "allow-mixing": {
      type: "boolean",
      description: "With --extra, also where the tool takes a package of one name from either registry, as pip does.",
    },
    project: {
      type: "boolean",
      description:
        "Name a repository that is set up in the files of this folder's project, for everyone: no token, nothing personal.",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    add: {
      type: "boolean",
      description:
        "Keep a repository of the same name in another domain, account or region, which is replaced otherwise.",
    },
    remove: {
      type: "boolean",
      description: "Undo what this command did: for the repository, for all of a domain, or, without names, for all.",
    },
    json: { type: "boolean", description: "Print what was done as JSON." },
  },
  teaching: {
    usage: "--domain DOMAIN --repository REPOSITORY [flags] | --endpoint URL [flags] | --remove [flags]",
    details: [
      "The package managers' own files in your home folder get marked blocks; every other byte stays as it is, and lines that a block replaces are kept in it as comments (and, where they can hold no secret, beside Vouch's settings, since npm and pip drop comments). Repeating the command changes nothing; `--remove` takes the blocks away and puts those lines back.",
      "The shims folder holds links to Vouch under the names that the package managers need (keyring, npm, mvn…). It belongs first on PATH.",
      "A slip in --domain, --domain-owner or --region is corrected by the command with the right ones: the repository of that name takes the place of the other. A wrong --repository is taken away with `--remove`.",
      "Without --default and --extra the repository becomes the default one, in place of the one before: pip.conf and .npmrc name it for every package, CODEARTIFACT_AUTH_TOKEN is its token.",
    ],
    examples: [
      [`${commandName} --domain my-domain --repository my-repo`, "Configure what is installed."],
      [`${commandName} --domain my-domain --repository my-repo --tool npm --scope @acme`, "Only npm, only @acme."],
      [`${commandName} --domain my-domain --repository my-repo --dry-run`, "See the changes first."],
      [`${commandName} --domain my-domain --repository my-repo --remove`, "Undo it."],
      [`${commandName} --remove`, "Undo all of it."],
    ],
  },
  async run({ args: all, rawArgs }) {
    const { flags, host } = locate(all);
    const args = { ...all, ...flags };
    const env = process.env;
    const settings = loadSettings();
    const context = {
      env,
      executable: stableExecutable(env),
      replaced: loadReplacedLines(replacedLinesPath(env)),
    };
    const toolWords = valuesOf(rawArgs, "--tool");
    const named = parseTools(toolWords, commandName);
    const dryRun = args["dry-run"] === true;
    if (args.project === true) {
      const options = { cwd: process.cwd(), dryRun, json: args.json === true, ...context };
      if (args.remove) return removeFromProject(args, named.length > 0 ? named : toolNames, settings, options);
      const repository = args.domain === undefined ? byDefault(args, settings) : configuredOne(args, settings);
      return setUpProject(repository, named.length > 0 ? named : toolsOf(repository), settings, options);
    }
    const manner = { path: args.path, dryRun, isSilent: dryRun || args.json === true };
    if (!args.remove) {
      const outcome = await addRepository({ ...args, host }, rawArgs, named, settings, { ...context, ...manner });
      // The question was answered: that is done, and no failure.
      if (outcome === undefined) return note("Nothing was changed. Name those that you want: --tool NAME.");
      return report(outcome, args.json === true);
    }
    refuseWithRemove(rawArgs);
    const names = named.length > 0 ? named : toolNames;
    const removed = configured(args, settings, env);
    const shared = saidOfSharedRemoval(toolWords, removed, rawArgs, env);
    const plan = planRemoval(removed, names, settings, context);
    plan.warnings.push(...shared);
    if (removed.length === 0) plan.warnings.push(notSetUp(args, settings));
    const { executable } = context;
    report(
      await carryOut({ plan, settings, names, source: undefined, remove: true, executable }, manner),
      args.json === true,
    );
  },
});

/** Flags that say how something is set up, and which a removal would pass over. Throws `usage`. */
function refuseWithRemove(words: readonly string[]): void {
  const flags = ["--scope", "--extra", "--default", "--allow-mixing", "--add", "--dual-stack", "--registry-name"];
  const others = ["--role", "--publish-role", "--profile", "--path"];
  const given = flags.concat(others).find((flag) => words.some((word) => word === flag || word.startsWith(`${flag}=`)));
  if (given === undefined) return;
  throw usage(`--remove takes away what is set up, whole or by --tool: ${given} does not go with it.`, commandName);
}
