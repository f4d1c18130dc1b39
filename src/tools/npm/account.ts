/** Account commands (login, audit …) that CodeArtifact does not support: Vouch owns the session. */
import { VouchError } from "../../base/errors.ts";
import { replaceVariables } from "./guard/settings-text.ts";

/** Each command with the replacement to suggest. */
const instead: Readonly<Record<string, string>> = {
  login: "Run `vouch login`, then the package manager as usual.",
  adduser: "Run `vouch login`, then the package manager as usual.",
  logout: "Run `vouch logout`.",
  whoami: "Run `vouch status`.",
  profile: "Run `vouch status`.",
  token: "Run `vouch status`.",
};

/** A host of CodeArtifact in any of its forms and partitions; what is alike has no account of npm's either. */
const codeArtifact = /\.codeartifact\.[a-z]{2,}(?:-[a-z]+)+-[0-9]+\./;

/** Whether CodeArtifact answers the command with 404. */
export function concernsAccount(command: string | undefined): boolean {
  return command !== undefined && (Object.hasOwn(instead, command) || command === "audit");
}

/**
 * Throws `usage` with Vouch's command if the registry that npm (or pnpm) would contact is CodeArtifact; for `audit`
 * returns a warning instead. `registry` and `scope` are the options of that name.
 */
export async function answerAccountCommand(
  tool: string,
  command: string,
  { registry, scope }: { registry?: unknown; scope?: unknown },
): Promise<VouchError | undefined> {
  const { npmSetting } = await import("./registry-of-command.ts");
  const { env } = process;
  const scoped = typeof scope === "string" ? npmSetting(`@${scope.replace(/^@/, "")}:registry`, env) : undefined;
  const url = typeof registry === "string" ? registry : (scoped ?? npmSetting("registry", env));
  if (url === undefined || !(await isOurs(replaceVariables(url, env)))) return undefined;
  if (command === "audit") {
    return new VouchError("usage", "CodeArtifact has no audit: the answer would be 404.", {
      hint: "For public packages name the public registry: `npm audit --registry=URL`.",
    });
  }
  throw new VouchError("usage", `${tool} ${command} is not for CodeArtifact: its tokens come from Vouch.`, {
    hint: instead[command],
  });
}

async function isOurs(url: string): Promise<boolean> {
  if (codeArtifact.test(URL.parse(url)?.hostname ?? "")) return true;
  return (await import("./registry-of-command.ts")).isConfigured([url]);
}
