/** `vouch status`: shows the session, the role, the repositories and the state of their tokens. */
import { askStatus } from "../../agent/wire/client.ts";
import type { StatusReply } from "../../agent/protocol.ts";
import { loadSettings, type Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { defineCommand } from "../framework/command.ts";
import { bold, dim, note, print, printJson, yellow } from "../terminal/terminal.ts";
import { clockTime, duration } from "../terminal/time.ts";

export const status = defineCommand({
  meta: {
    name: "status",
    description: "Show the session, the role and the repositories. Exit code 0 when you are logged in, 4 when not.",
  },
  args: { json: { type: "boolean", description: "Print it as JSON; times are seconds since 1970." } },
  teaching: {
    details: ["Tokens themselves are never shown. Nothing is asked of the network."],
    examples: [
      ["vouch status", "See how long the session lasts."],
      ["vouch status >/dev/null || vouch login", "Log in only when it is needed."],
      ["vouch status --json", "Read it from a program."],
    ],
  },
  async run({ args }) {
    const settings = loadSettings();
    const agent = await askStatus();
    if (args.json) printJson(statusJson(settings, agent));
    else {
      for (const line of statusLines(settings, agent, Date.now() / 1000)) print(line);
      if (!agent?.session) note(settings.server ? "Next: `vouch login`." : "Next: `vouch enroll --server URL`.");
    }
    return agent?.session ? 0 : new VouchError("login_needed", "").exitCode;
  },
});

/** Returns the status for `--json`. The repositories are the agent's if it runs, else those of the settings. */
function statusJson(settings: Settings, agent: StatusReply | undefined): unknown {
  return {
    loggedIn: agent?.session !== undefined,
    session: agent?.session ?? null,
    ended: agent?.ended ?? null,
    server: agent?.server ?? settings.server?.url ?? null,
    role: agent?.role ?? (settings.aws ? { arn: settings.aws.roleArn } : null),
    region: settings.aws?.region ?? null,
    repositories: (agent?.repositories ?? settings.repositories).map((repository, index, all) =>
      Object.assign({}, repository, { default: index === all.length - 1 }),
    ),
    agent: agent
      ? { pid: agent.pid, version: agent.version, startedAt: agent.startedAt, network: agent.network ?? {} }
      : null,
  };
}

/** Returns the status as human-readable lines; `now` in seconds since 1970. */
export function statusLines(settings: Settings, agent: StatusReply | undefined, now: number): string[] {
  const server = agent?.server ?? settings.server?.url;
  const roleArn = agent?.role?.arn ?? settings.aws?.roleArn;
  return [
    sessionLine(agent, now),
    row("Server", server ?? "none (`vouch enroll --server URL`)"),
    row("Role", roleArn ?? "none (`vouch setup aws --role ARN --region REGION`)"),
    ...(settings.aws?.region === undefined ? [] : [row("Region", settings.aws.region)]),
    ...(agent?.role ? [row("", dim(`credentials ${until(agent.role.expiration, now)}`))] : []),
    ...repositoryLines(agent?.repositories ?? settings.repositories, now),
    row("Agent", agent ? `process ${agent.pid}, since ${clockTime(agent.startedAt, now)}` : "not running"),
    ...Object.entries(agent?.network ?? {}).map(([name, value]) => row("", networkLine(name, value))),
  ];
}

function sessionLine(agent: StatusReply | undefined, now: number): string {
  if (agent?.session) {
    const { user, expiration } = agent.session;
    return bold(`Logged in as ${user} until ${clockTime(expiration, now)} (${duration(expiration - now)} left)`);
  }
  const reasons = {
    expired: "the session has ended",
    revoked: "the server has ended the session",
    logged_out: "you have logged out",
  };
  return bold(agent?.ended ? `Not logged in: ${reasons[agent.ended]}` : "Not logged in");
}

function repositoryLines(repositories: StatusReply["repositories"] | Settings["repositories"], now: number): string[] {
  if (repositories.length === 0) {
    return [row("Repository", "none (`vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`)")];
  }
  const isDefault = (index: number): boolean => repositories.length > 1 && index === repositories.length - 1;
  type Shown = StatusReply["repositories"][number] | Settings["repositories"][number];
  return repositories.flatMap((repository: Shown, index) => {
    const { domain, domainOwner, region, repository: name } = repository;
    const mark = isDefault(index) ? `  ${bold("default")}` : "";
    const lines = [row("Repository", `${domain}/${name} (${domainOwner}, ${region})${mark}`)];
    for (const [format, endpoint] of Object.entries(repository.endpoints))
      lines.push(row("", `${format.padEnd(5)}  ${endpoint}`));
    if ("tokenExpiration" in repository && repository.tokenExpiration !== undefined) {
      lines.push(row("", dim(`token  ${until(repository.tokenExpiration, now)}`)));
    }
    if ("error" in repository && repository.error)
      lines.push(row("", `${yellow("token")}  ${repository.error.message}`));
    return lines;
  });
}

/** Describes a network variable of the agent's environment. Bun ignores those of Node.js. */
function networkLine(name: string, value: string): string {
  return name.startsWith("NODE_") ? `${name}=${value} ${dim("(without effect on Vouch)")}` : `${name}=${value}`;
}

function until(expiration: number, now: number): string {
  return expiration > now ? `until ${clockTime(expiration, now)}` : `ended at ${clockTime(expiration, now)}`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(12)}${text}`;
}
