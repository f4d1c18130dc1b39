/** `vouch setup codeartifact`: configures the package managers for a repository, or removes that configuration. */
import { existsSync } from "node:fs";
import { isatty } from "node:tty";
import { markedIds } from "../../../editing/marked.ts";
import { stableExecutable } from "../../../tools/executable.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../editing/replaced-lines.ts";
import { loadSettings, type RepositorySettings, type Settings, settingsPath } from "../../../settings/settings.ts";
import { addShimsToPath } from "../../../tools/shell-rc.ts";
import { type FileChange, readUserFile } from "../../../editing/user-file.ts";
import { VouchError } from "../../../base/errors.ts";
import { usage, valuesOf } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { confirm } from "../../terminal/prompt.ts";
import { otherSettings } from "./agent-settings.ts";
import { unlistedRegion } from "./aws-region.ts";
import { applyPlan } from "./apply.ts";
import { type Endpoints, findEndpoints } from "./endpoint.ts";
import { type Plan, planRemoval, planSetup } from "./plan.ts";
import { type Outcome, report } from "./report.ts";
import {
  commandName,
  findConfigured,
  type Flags,
  parseScopes,
  registryName,
  repositoriesOf,
  resolveNames,
  sameRepository,
  supersededBy,
  parseTools,
} from "./request.ts";
import { isFirstOnPath, shellAdvice } from "./shell.ts";
import { installedTools, listOfTools, type ToolName, toolNames, tools } from "../../../tools/tools.ts";

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
    tool: {
      type: "string",
      valueHint: toolNames.join("|"),
      description: "The package manager to configure; may be repeated. Without it: each that is installed.",
    },
    "registry-name": {
      type: "string",
      valueHint: "NAME",
      description: "The name of the Cargo registry. Without it: the repository's name.",
    },
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
    usage: "--domain DOMAIN --repository REPOSITORY [flags] | --remove [flags]",
    details: [
      "Cargo's config.toml, pip.conf and .npmrc get marked blocks; every other byte stays as it is, and lines that a block replaces are kept in it as comments (and, where they can hold no secret, beside Vouch's settings, since npm and pip drop comments). Repeating the command changes nothing; `--remove` takes the blocks away and puts those lines back.",
      "The shims folder holds links to Vouch under the names keyring, pip, pip3, npm and npx, and pnpm and pnpx where pnpm is installed, as far as they are needed. It belongs first on PATH.",
      "A slip in --domain, --domain-owner or --region is corrected by the command with the right ones: the repository of that name takes the place of the other. A wrong --repository is taken away with `--remove`.",
      "The repository that was set up last is the default one: pip.conf and .npmrc name it, CODEARTIFACT_AUTH_TOKEN is its token.",
    ],
    examples: [
      [`${commandName} --domain my-domain --repository my-repo`, "Configure what is installed."],
      [`${commandName} --domain my-domain --repository my-repo --tool npm --scope @acme`, "Only npm, only @acme."],
      [`${commandName} --domain my-domain --repository my-repo --dry-run`, "See the changes first."],
      [`${commandName} --domain my-domain --repository my-repo --remove`, "Undo it."],
      [`${commandName} --remove`, "Undo all of it."],
    ],
  },
  async run({ args, rawArgs }) {
    const env = process.env;
    const settings = loadSettings();
    const settingsAreNew = !existsSync(settingsPath());
    const context = {
      env,
      executable: stableExecutable(env),
      replaced: loadReplacedLines(replacedLinesPath(env)),
    };
    const named = parseTools(valuesOf(rawArgs, "--tool"), commandName);
    const dryRun = args["dry-run"] === true;
    let plan: Plan;
    let source: Endpoints | undefined;
    let names: ToolName[];
    if (args.remove) {
      names = named.length > 0 ? named : toolNames;
      const removed = configured(args, settings, env);
      plan = planRemoval(removed, names, settings, context);
      if (removed.length === 0) plan.warnings.push(notSetUp(args, settings));
    } else {
      names = named.length > 0 ? settable(named, env) : await installed(env, dryRun || args.json === true);
      const scopes = parseScopes(valuesOf(rawArgs, "--scope"));
      const unused = [
        ...unusedFlag("--registry-name", args["registry-name"] !== undefined, "cargo", names, named),
        ...unusedFlag("--scope", scopes.length > 0, "npm", names, named),
      ];
      const where = resolveNames(args, settings, env);
      const formats = names.map((tool) => tools[tool].format);
      const superseded = supersededBy(where, args, { scopes, formats }, settings);
      const others = settings.repositories.filter((each) => !superseded.includes(each));
      const registry = names.includes("cargo")
        ? { registryName: registryName(args, where, { ...settings, repositories: others }) }
        : {};
      source = await findEndpoints(where, formats);
      const repository: RepositorySettings = {
        ...where,
        endpoints: source.endpoints,
        ...registry,
        ...(names.includes("npm") && scopes.length > 0 ? { npmScopes: scopes } : {}),
      };
      plan = planSetup(repository, names, settings, context, superseded);
      plan.warnings.push(...unused, ...names.flatMap((tool) => tools[tool].warnings(repository, process.cwd(), env)));
      const doubt = unlistedRegion(where.region);
      if (doubt !== undefined) plan.warnings.push(doubt);
      const other = otherSettings(source.agent);
      if (other) plan.warnings.push(`${other.found} To have it read these: ${other.remedy}.`);
    }
    const shell = args.remove ? undefined : await shellChange(plan, args.path, dryRun || args.json === true);
    const changes = shell?.change ? { ...plan, shells: [...plan.shells, shell.change] } : plan;
    if (!dryRun) applyPlan(changes, settings, context.executable, args.remove === true);
    const outcome: Outcome = {
      plan: changes,
      settingsAreNew,
      settingsBefore: settings,
      names,
      source,
      dryRun,
      remove: args.remove === true,
      shell: shell?.advice,
    };
    report(outcome, args.json === true);
  },
});

/**
 * The warning about a flag of a tool that this command does not configure because it is not installed. Throws `usage` if
 * `named` (by `--tool`) leaves the tool out.
 */
function unusedFlag(flag: string, given: boolean, tool: ToolName, names: ToolName[], named: ToolName[]): string[] {
  if (!given || names.includes(tool)) return [];
  if (named.length === 0) return [`${tool} is not on PATH: ${flag} is not used.`];
  throw usage(`${flag} is for ${tool}, and this configures ${names.join(" and ")}.`, commandName, `--tool ${tool}`);
}

/** The tools that `--tool` names. Throws `usage` with what to do instead if one cannot be set up. */
function settable(named: ToolName[], env: NodeJS.ProcessEnv): ToolName[] {
  for (const name of named) {
    const refusal = tools[name].refusal?.(env);
    if (refusal !== undefined) throw new VouchError("usage", refusal);
  }
  return named;
}

/** The installed tools; a person is asked whether it shall be all of them. Throws `usage` without one, `cancelled`. */
async function installed(env: NodeJS.ProcessEnv, silent: boolean): Promise<ToolName[]> {
  const names = installedTools(env);
  if (names.length === 0)
    throw usage(`None of ${listOfTools} is on PATH.`, commandName, `--tool ${toolNames.join("|")}`);
  if (silent || !isatty(0) || !isatty(2)) return names;
  const list = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(names);
  if (await confirm(`Set up ${list}, which are installed?`, true)) return names;
  throw new VouchError("cancelled", "Nothing was changed.", { hint: "Name those that you want: --tool NAME." });
}

/** The sentence for a removal that finds nothing, with what there is to remove. */
function notSetUp({ domain, repository }: Flags, { repositories }: Settings): string {
  const asked = [domain, repository].filter((name) => name !== undefined).join("/");
  const others = repositories.map((each) => `${each.domain}/${each.repository}`).join(", ");
  return `${asked === "" ? "Nothing" : asked} is ${asked === "" ? "" : "not "}set up here${others === "" ? "" : `; set up: ${others}`}.`;
}

/** Returns the repositories to remove, all without names; includes those that only blocks in files still name. */
function configured(flags: Flags, settings: Settings, env: NodeJS.ProcessEnv): RepositorySettings[] {
  const found = findConfigured(flags, settings);
  if (found.length > 0 && flags.domain !== undefined && flags.repository !== undefined) return found;
  const inFiles = findConfigured(flags, { ...settings, repositories: repositoriesOf(blockIdsInFiles(env)) });
  return [...found, ...inFiles.filter((lost) => !found.some((each) => sameRepository(each, lost)))];
}

/** Returns the ids of all blocks in the files that the tools currently read. */
function blockIdsInFiles(env: NodeJS.ProcessEnv): string[] {
  const ids = toolNames.flatMap((tool) => {
    try {
      const file = tools[tool].path(env);
      return markedIds(readUserFile(file) ?? "", file);
    } catch {
      // Skip: nothing can be removed from an unreadable file. If the settings name it, the removal itself reports it.
      return [];
    }
  });
  return [...new Set(ids)];
}

/** Returns advice on PATH, and the change of the shell's start file if the user agreed to it. */
async function shellChange(
  { shims }: Plan,
  path: string | undefined,
  silent: boolean,
): Promise<{ advice: Outcome["shell"]; change?: FileChange } | undefined> {
  if (shims.needed.length === 0) return undefined;
  // PATH of this shell only; new shells need the start file's line, which `--path yes` adds.
  const here = isFirstOnPath(shims.folder, shims.needed, process.env);
  if (path !== "yes" && here) return undefined;
  const { line, file } = shellAdvice(shims.folder);
  if (file === undefined || path === "no") return { advice: { line, file } };
  const before = readUserFile(file);
  const after = addShimsToPath(before, line, file);
  if (before === after) return here ? undefined : { advice: { line, file, present: true } };
  const ask = path === undefined && !silent && isatty(0) && isatty(2);
  const agreed = path === "yes" || (ask && (await confirm(`Put the shims folder first on PATH, in ${file}?`, true)));
  return agreed
    ? { advice: { line, file, added: true, here }, change: { path: file, before, after } }
    : { advice: { line, file } };
}
