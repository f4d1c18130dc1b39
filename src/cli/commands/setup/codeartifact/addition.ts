/** Plans what `vouch setup codeartifact` adds: which tools, which repository, and what a person should know. */
import { homeFolder } from "../../../../base/system/home.ts";
import type { PackageHost } from "../../../../aws/package-endpoints.ts";
import { refuseSharedRoles } from "../../../../settings/publish-roles.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import type { Machine } from "../../../../tools/checks/finding.ts";
import { type ToolName, toolNames, tools } from "../../../../tools/tools.ts";
import type { Tool } from "../../../../tools/tool.ts";
import { overridingVariables } from "../../../../tools/variables.ts";
import { usage, valuesOf } from "../../../framework/arguments.ts";
import { otherSettings } from "../agent-settings.ts";
import { unlistedRegion } from "../aws-region.ts";
import { configuredOne } from "./configured.ts";
import type { DraftContext } from "./draft.ts";
import { type Endpoints, findEndpoints } from "./endpoint.ts";
import { knownHost } from "./host.ts";
import { type Plan, planSetup } from "./plan.ts";
import {
  commandName,
  type Flags,
  parseScopes,
  registryName,
  resolveNames,
  sameRepository,
  supersededBy,
} from "./request.ts";
import { checkedRoles, type RoleFlags } from "./role-flags.ts";
import { tokenWarnings } from "./outcome/token-warnings.ts";
import { besidePublic, installed, listed, settable, toolsOf } from "./selected-tools.ts";

export interface AdditionFlags extends Flags, RoleFlags {
  default?: boolean | undefined;
  extra?: boolean | undefined;
  "allow-mixing"?: boolean | undefined;
  "dry-run"?: boolean | undefined;
  json?: boolean | undefined;
  add?: boolean | undefined;
  /** Of `--endpoint` and `--dual-stack`. */
  host: PackageHost | undefined;
}

export interface Addition {
  plan: Plan;
  source: Endpoints;
  names: ToolName[];
}

/** `named`: by `--tool`. Asks a person, whose no is undefined, and the agent. Throws `usage`, `cancelled`, `edit_conflict`, `aws_not_found`. */
export async function planAddition(
  args: AdditionFlags,
  words: readonly string[],
  named: ToolName[],
  settings: Settings,
  context: DraftContext,
): Promise<Addition | undefined> {
  const { env } = context;
  const where = args.default === true ? configuredOne(args, settings) : resolveNames(args, settings, env);
  const known = settings.repositories.find((each) => sameRepository(each, where));
  let names = settable(named, env, words);
  if (names.length === 0 && args.default === true) names = toolsOf(known);
  if (names.length === 0) {
    const agreed = await installed(env, where, args["dry-run"] === true || args.json === true);
    if (agreed === undefined) return undefined;
    names = agreed;
  }
  const scopes = parseScopes(valuesOf(words, "--scope"));
  const warnings = [
    ...unusedFlag("--registry-name", args["registry-name"] !== undefined, "registryName", names, named),
    ...unusedFlag("--scope", scopes.length > 0, "npmScopes", names, named),
  ];
  const stays = names.every((tool) => !tools[tool].hasDefault);
  const extra = args.extra === true || (stays && known?.extra === true);
  // One of two kinds, the same in every tool's file: what is set up already changes with it.
  const changes = known !== undefined && (known.extra ?? false) !== extra;
  if (changes) names = toolNames.filter((name) => names.includes(name) || known.files?.[name] !== undefined);
  const npmScopes = scopes.length > 0 ? scopes : args.default === true ? known?.npmScopes : undefined;
  if (extra) {
    const given = { ...where, endpoints: {}, ...(npmScopes ? { npmScopes } : {}) };
    const left = besidePublic(names, given, {
      named: named.length > 0,
      known: changes ? toolsOf(known) : [],
      mayMix: args["allow-mixing"] === true,
      words,
    });
    names = left.names;
    warnings.push(...left.warnings);
  }
  const formats = names.map((tool) => tools[tool].format);
  const superseded = supersededBy(where, args, { scopes, formats }, settings);
  const others = settings.repositories.filter((each) => !superseded.includes(each));
  const roles = checkedRoles(args, { ...known, ...where }, settings);
  const isThis = (each: RepositorySettings): boolean => sameRepository(each, where);
  const before = others.filter((each) => !isThis(each));
  refuseSharedRoles(
    { ...settings, repositories: [...before, { ...known, ...where, ...roles, endpoints: {} }] },
    (each) => "domain" in each && isThis(each as RepositorySettings),
  );
  const source = await findEndpoints({ ...where, ...roles }, formats, args.host ?? knownHost(where, formats, settings));
  const repository: RepositorySettings = {
    ...where,
    ...roles,
    endpoints: source.endpoints,
    ...(usersOf("registryName", names).length > 0
      ? { registryName: registryName(args, where, { ...settings, repositories: others }) }
      : {}),
    ...(npmScopes && usersOf("npmScopes", names).length > 0 ? { npmScopes } : {}),
    extra,
  };
  const plan = planSetup(repository, names, settings, context, superseded);
  const other = otherSettings(source.agent);
  const machine = machineOf(plan.settings, env);
  plan.warnings.push(
    ...warnings,
    ...overridden(names, machine),
    ...tokenWarnings(machine, plan.tools, args["dry-run"] === true),
    ...names.flatMap((tool) => tools[tool].warnings(repository, process.cwd(), env)),
    ...[unlistedRegion(where.region) ?? []].flat(),
    ...(other ? [`${other.found} To have it read these: ${other.remedy}.`] : []),
  );
  return { plan, source, names };
}

type ToolSetting = Tool["settings"][number];

/** The tools that use the setting. */
function usersOf(setting: ToolSetting, names: readonly ToolName[]): ToolName[] {
  return names.filter((name) => tools[name].settings.includes(setting));
}

/**
 * The warning about a flag that no tool of this command uses, because those that do are not installed. Throws `usage` if
 * `named` (by `--tool`) leaves them out.
 */
function unusedFlag(
  flag: string,
  given: boolean,
  setting: ToolSetting,
  names: ToolName[],
  named: ToolName[],
): string[] {
  if (!given || usersOf(setting, names).length > 0) return [];
  const users = usersOf(setting, toolNames);
  if (named.length === 0)
    return [`${listed(users)} ${users.length > 1 ? "are" : "is"} not on PATH: ${flag} is not used.`];
  throw usage(
    `${flag} is for ${listed(users)}, and this configures ${listed(names)}.`,
    commandName,
    `--tool ${users[0]}`,
  );
}

function machineOf(settings: Settings, env: DraftContext["env"]): Machine {
  const home = homeFolder(env);
  return { env, cwd: process.cwd(), home, settings, agent: undefined, now: Date.now() / 1000 };
}

/** Sentences on each variable that counts more than what was set up for these tools, or decides about their connection. */
function overridden(names: ToolName[], machine: Machine): string[] {
  const rules = names.flatMap((name) => tools[name].variables);
  return overridingVariables(machine, rules).map(({ found, remedy }) =>
    remedy?.startsWith("unset ") === true ? `${found} It wins: ${remedy}` : `${found} ${remedy}`,
  );
}
