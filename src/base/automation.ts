/** Whether a machine runs the command, and nobody could answer a question. No imports, because helpers load this file. */
import type { Environment } from "./environment.ts";

/** What CI systems set; Azure Pipelines, Jenkins, TeamCity and CodeBuild set no `CI`. */
const names = ["CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID"];

/** Whether a variable of a CI system is set, or an identity of a job is chosen. `CI=false` and `CI=0` mean that it is not. */
export function isAutomated(env: Environment): boolean {
  return Boolean(env["VOUCH_IDENTITY"]) || names.some((name) => !/^(?:|0|false)$/i.test(env[name] ?? ""));
}
