/** `vouch setup codeartifact`: configures the package managers for one repository, and undoes that. */
import { isatty } from "node:tty";
import { stableExecutable } from "../../config/executable.ts";
import { loadSettings, type RepositorySettings, type Settings } from "../../config/settings.ts";
import { addShimsToPath } from "../../config/shell-rc.ts";
import { type FileChange, readUserFile } from "../../config/user-file.ts";
import { usage, valuesOf } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { oldPip } from "../pip-version.ts";
import { confirm } from "../prompt.ts";
import { otherSettings } from "./agent-settings.ts";
import { applyPlan } from "./apply.ts";
import { type Endpoints, findEndpoints } from "./endpoint.ts";
import { type Plan, planRemoval, planSetup } from "./plan.ts";
import { type Outcome, report } from "./report.ts";
import { commandName, findConfigured, type Flags, parseScopes, registryName, resolveNames } from "./request.ts";
import { isFirstOnPath, shellAdvice } from "./shell.ts";
import { installedTools, parseTools, type ToolName, toolNames, tools } from "./tools.ts";

export const codeartifact = defineCommand({
  meta: {
    name: "codeartifact",
    description: "Configure cargo, pip and npm for a repository in AWS CodeArtifact. No token is written anywhere.",
  },
  args: {
    domain: { type: "string", required: true, valueHint: "DOMAIN", description: "The CodeArtifact domain." },
    repository: { type: "string", required: true, valueHint: "REPOSITORY", description: "The repository in it." },
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
      valueHint: "cargo|pip|npm",
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
    remove: { type: "boolean", description: "Undo what this command did for the repository." },
    json: { type: "boolean", description: "Print what was done as JSON." },
  },
  teaching: {
    details: [
      "Cargo's config.toml, pip.conf and .npmrc get marked blocks; every other byte stays as it is, and lines that a block replaces are kept in it as comments. Repeating the command changes nothing; `--remove` takes the blocks away and puts those lines back.",
      "The shims folder holds links to Vouch under the names keyring, pip, pip3, npm and npx, and pnpm and pnpx where pnpm is installed, as far as they are needed. It belongs first on PATH.",
      "The repository that was set up last is the default one: pip.conf and .npmrc name it, CODEARTIFACT_AUTH_TOKEN is its token.",
    ],
    examples: [
      [`${commandName} --domain my-domain --repository my-repo`, "Configure what is installed."],
      [`${commandName} --domain my-domain --repository my-repo --tool npm --scope @acme`, "Only npm, only @acme."],
      [`${commandName} --domain my-domain --repository my-repo --dry-run`, "See the changes first."],
      [`${commandName} --domain my-domain --repository my-repo --remove`, "Undo it."],
    ],
  },
  async run({ args, rawArgs }) {
    const env = process.env;
    const settings = loadSettings();
    const context = { env, executable: stableExecutable(env) };
    const named = parseTools(valuesOf(rawArgs, "--tool"), commandName);
    const dryRun = args["dry-run"] === true;
    let plan: Plan;
    let source: Endpoints | undefined;
    let names: ToolName[];
    if (args.remove) {
      names = named.length > 0 ? named : toolNames;
      plan = planRemoval(configured(args, settings, env), names, settings, context);
    } else {
      names = named.length > 0 ? named : installed(env);
      const scopes = parseScopes(valuesOf(rawArgs, "--scope"));
      checkTogether("--registry-name", args["registry-name"] !== undefined, "cargo", names);
      checkTogether("--scope", scopes.length > 0, "npm", names);
      const where = resolveNames(args, settings, env);
      const name = names.includes("cargo") ? { registryName: registryName(args, where, settings) } : {};
      source = await findEndpoints(
        where,
        names.map((tool) => tools[tool].format),
      );
      const repository: RepositorySettings = {
        ...where,
        endpoints: source.endpoints,
        ...name,
        ...(names.includes("npm") && scopes.length > 0 ? { npmScopes: scopes } : {}),
      };
      const old = names.includes("pip") ? oldPip(env) : undefined;
      plan = planSetup(repository, names, settings, context);
      if (old) plan = { ...plan, warnings: [...plan.warnings, `${old.found} ${old.remedy}`] };
      const other = otherSettings(source.agent);
      if (other)
        plan = { ...plan, warnings: [...plan.warnings, `${other.found} To have it read these: ${other.remedy}.`] };
    }
    const shell = args.remove ? undefined : await shellChange(plan, args.path, dryRun || args.json === true);
    const changes = shell?.change ? { ...plan, shells: [...plan.shells, shell.change] } : plan;
    if (!dryRun) applyPlan(changes, settings, context.executable, args.remove === true);
    const outcome: Outcome = {
      plan: changes,
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

/** A flag for a tool that is not configured would be passed over in silence. */
function checkTogether(flag: string, given: boolean, tool: ToolName, names: ToolName[]): void {
  if (!given || names.includes(tool)) return;
  throw usage(`${flag} is for ${tool}, and this configures ${names.join(" and ")}.`, commandName, `--tool ${tool}`);
}

function installed(env: NodeJS.ProcessEnv): ToolName[] {
  const names = installedTools(env);
  if (names.length > 0) return names;
  throw usage("None of cargo, pip and npm is on PATH.", commandName, "--tool cargo|pip|npm");
}

/** The repository to remove; one that the settings have lost may still stand in files. */
function configured(flags: Flags, settings: Settings, env: NodeJS.ProcessEnv): RepositorySettings {
  return findConfigured(flags, settings) ?? { ...resolveNames(flags, settings, env), endpoints: {} };
}

/** What to say of PATH, and the change of the start file that was agreed to. */
async function shellChange(
  { shims }: Plan,
  path: string | undefined,
  silent: boolean,
): Promise<{ advice: Outcome["shell"]; change?: FileChange } | undefined> {
  if (shims.needed.length === 0) return undefined;
  // This shell has the folder already; the next one has it only where the start file says so, which `--path yes` asks for.
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
