/**
 * `mvn` in the shims folder: puts the tokens into the variables that settings.xml names, unless the project's `.mvn`
 * could lead them elsewhere, tells a deployment where to go, and becomes the real Maven. The plugins of a POM are code,
 * which runs as the user and can read that environment.
 */
import { resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { routes } from "../../agent/protocol.ts";
import type { MatchRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import { complain, complainOfText } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { endpointTokens, tokenVariables } from "../../helper/tokens.ts";
import { tokenVariablePattern } from "../../settings/settings.ts";
import { purposeOf } from "../publishing.ts";
import { deploymentIds, deploymentOf, deploys, namesDeployment } from "./deployment.ts";
import { deploymentVariable } from "./names.ts";
import { objectionTo, pomArguments, startFolders } from "./project/maven-folder.ts";
import { type Poms, readPoms } from "./project/poms.ts";

/** Becomes the real Maven. Without a session it warns in one line and continues without a token. */
export async function runMavenShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  const { words, env } = await prepared(args, process.cwd(), process.env);
  return becomeRealCommand(name, file, words, env);
}

/** Whether Maven contacts no repository with these arguments. */
export function isLocal(args: readonly string[]): boolean {
  if (args.some((word) => /^(?:-o|--offline|-h|--help|-v|--version)$/.test(word))) return true;
  return args.length === 0;
}

async function prepared(args: string[], cwd: string, env: Environment): Promise<{ words: string[]; env: Environment }> {
  const plain = { words: args, env };
  if (isLocal(args)) return plain;
  const all = [...args, ...(env["MAVEN_ARGS"] ?? "").split(/\s+/)];
  const files = pomArguments(all);
  const poms = readPoms(...(files.length === 0 ? ["."] : files).map((path) => resolve(cwd, path)));
  const objection = objectionTo(startFolders(all, cwd, env), env) ?? objectionToPoms(poms);
  if (objection !== undefined) {
    complain(objection);
    return { words: args, env: withoutTokens(env) };
  }
  if (all.some((word) => /^(?:-X|--debug|--verbose)$/.test(word))) {
    complain(
      new VouchError("usage", "No token for Maven with -X: its log would hold every variable, the token too.", {
        hint: "Leave -X out; or, if nobody else reads the log, put `vouch exec --` before the command.",
      }),
    );
    return plain;
  }
  const needsToken = async () => !namesDeployment(all) && deploys(all) && (await deploysToEndpoint(poms));
  const endpoints = await endpointTokens("maven", purposeOf("mvn", all), { needsToken });
  const variables = tokenVariables(endpoints);
  if (Object.keys(variables).length === 0) return plain;
  const ids = deploymentIds(endpoints);
  const named = ids.map(({ variable, id }) => [deploymentVariable(variable), id] as const);
  const given = { ...env, ...variables, ...Object.fromEntries(named) };
  if (!deploys(all) || namesDeployment(all)) return { words: args, env: given };
  const { options, doubt, chosen } = deploymentOf(poms, ids);
  if (doubt !== undefined) complain(doubt);
  if (chosen !== undefined) complainOfText(`The POM names no repository to deploy to: it is ${chosen}`);
  return { words: [...options, ...args], env: given };
}

/** The environment without what `vouch exec` has given. */
function withoutTokens(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !tokenVariablePattern.test(name)));
}

function objectionToPoms({ doubt }: ReturnType<typeof readPoms>): VouchError | undefined {
  if (doubt === undefined) return undefined;
  return new VouchError("project_untrusted", `No token for Maven here: ${doubt.file} ${doubt.what}.`, {
    hint: "Take it out of the POM. A value of your own belongs on the command line.",
  });
}

/** Whether a deployment of these POMs goes to endpoints alone, as far as they say. */
async function deploysToEndpoint({ releases, snapshots, isPartial, alternative }: Poms): Promise<boolean> {
  if (alternative !== undefined) return false;
  const urls = [...new Set([...releases, ...snapshots])];
  if (urls.length === 0) return !isPartial;
  const request: MatchRequest = { urls, format: "maven" };
  return (await ask(routes.match, request)).configured.every((configured) => configured);
}
