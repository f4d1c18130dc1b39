/** `vouch status`: shows the session, the role, the repositories and the state of their tokens. */
import { count } from "../../base/words/count.ts";
import { describeRepository } from "../../agent/tokens/described-repository.ts";
import { endedWords, endOnLines, endOnStates } from "./end-on.ts";
import { askStatus } from "../../agent/wire/client.ts";
import type { StatusReply } from "../../agent/protocol.ts";
import type { ServerSession } from "../../agent/wire/reply-parts.ts";
import { profileServers } from "../../settings/servers.ts";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";
import { printable } from "../../base/words/printable.ts";
import { timeLeftInOneWord } from "../../base/words/duration.ts";
import { VouchError } from "../../base/errors.ts";
import { otherVersion } from "./agent-version.ts";
import { chosenServer, forArg, hasSession, sessionEnd } from "./chosen-server.ts";
import { nextSteps } from "./doctor/next-steps.ts";
import { otherSettings } from "./setup/agent-settings.ts";
import { defineCommand } from "../framework/command.ts";
import { bold, dim, note, print, printJson, yellow } from "../terminal/terminal.ts";
import { clockTime, duration } from "../terminal/time.ts";

type StatusRepository = StatusReply["repositories"][number];

export const status = defineCommand({
  meta: {
    name: "status",
    description: "Show the session, the role and the repositories. Exit code 0 when you are logged in, 4 when not.",
  },
  args: {
    for: { ...forArg.for, description: "Exit by the session of this profile's Vouch server." },
    json: { type: "boolean", description: "Print it as JSON; times are seconds since 1970." },
    prompt: {
      type: "boolean",
      description: "Print how long the session lasts, in one word for a shell's prompt; nothing without a session.",
    },
  },
  teaching: {
    details: [
      "Tokens themselves are never shown. Nothing is asked of the network.",
      "What the agent knows is shown. An agent that was started with another VOUCH_CONFIG, XDG_CONFIG_HOME or HOME reads other settings than this shell; then a line says which, and what to do (`agent.readsOtherSettings` in JSON).",
      "Where a repository has a role of its own or a profile, the line above each token says which role it comes from, and by way of which.",
    ],
    examples: [
      ["vouch status", "See how long the session lasts."],
      ["vouch status >/dev/null || vouch login", "Log in only when it is needed."],
      ["vouch status --for acme >/dev/null || vouch login --for acme", "The same for a profile's Vouch server."],
      ["vouch status --json", "Read it from a program."],
      [
        "PS1='$(vouch status --prompt) \\$ '",
        "Show it in the prompt of bash: 7h05m, 42m, and 12m! in the last 15 minutes.",
      ],
    ],
  },
  async run({ args }) {
    const settings = loadSettings();
    const agent = await askStatus();
    const { server } = chosenServer(args.for, settings);
    const isLoggedIn = hasSession(agent, settings, server);
    if (args.prompt) {
      const end = sessionEnd(agent, settings, server);
      if (end !== undefined) print(timeLeftInOneWord(end - Date.now() / 1000));
    } else if (args.json) printJson(statusJson(settings, agent, isLoggedIn));
    else {
      for (const line of statusLines(settings, agent, Date.now() / 1000)) print(line);
      if (!isLoggedIn) {
        const place = agent?.guest === undefined ? "" : " on the machine where the agent runs";
        note(`Next: \`${nextCommand(args.for, settings, agent)}\`${place}.`);
      }
    }
    return isLoggedIn ? 0 : new VouchError("login_needed", "").exitCode;
  },
});

function nextCommand(profile: string | undefined, settings: Settings, agent: StatusReply | undefined): string {
  if (agent?.guest !== undefined) return "vouch login";
  if (profile !== undefined) return `vouch login --for ${profile}`;
  const [step] = nextSteps({ settings, agent });
  return step?.command ?? "vouch login";
}

/** Returns the status for `--json`; `path` is that of the settings file here. */
export function statusJson(
  settings: Settings,
  agent: StatusReply | undefined,
  isLoggedIn = hasSession(agent, settings),
  path = settingsPath(),
): object {
  const isOther = otherSettings(agent, path) !== undefined;
  return {
    settings: path,
    loggedIn: isLoggedIn,
    session: agent?.session ?? null,
    ended: agent?.ended ?? null,
    sessions: serversOf(settings, agent).map(({ server, profiles, user, expiration, ended }) => ({
      server,
      profiles,
      session: user === undefined || expiration === undefined ? null : { user, expiration },
      ended: ended ?? null,
    })),
    server: agent?.server ?? settings.server?.url ?? null,
    askedToday: agent?.askedToday ?? null,
    endOn: endOnStates(settings, agent),
    role: agent?.role ?? (settings.aws ? { arn: settings.aws.roleArn } : null),
    region: settings.aws?.region ?? null,
    profiles: settings.profiles ?? {},
    repositories: repositoriesOf(settings, agent).map((repository, index, all) =>
      Object.assign({}, repository, { default: index === all.length - 1 }),
    ),
    agent: agent
      ? {
          pid: agent.pid,
          version: agent.version,
          startedAt: agent.startedAt,
          settings: agent.settings ?? null,
          readsOtherSettings: isOther,
          network: agent.network ?? {},
          ...(agent.guest ? { guest: agent.guest } : {}),
        }
      : null,
  };
}

/** The repositories as the agent knows them; without one as the settings do. */
function repositoriesOf(settings: Settings, agent: StatusReply | undefined): StatusRepository[] {
  return agent?.repositories ?? settings.repositories.map((each) => describeRepository(each, settings, undefined));
}

/**
 * Returns the status as human-readable lines; `now` in seconds since 1970, `path` is that of the settings file here.
 * Where the agent reads another one, the rows are what the agent knows, and the last ones say so.
 */
export function statusLines(
  settings: Settings,
  agent: StatusReply | undefined,
  now: number,
  path = settingsPath(),
): string[] {
  const server = agent?.server ?? settings.server?.url;
  const roleArn = agent?.role?.arn ?? settings.aws?.roleArn;
  return [
    sessionLine(settings, agent, now),
    row("Server", server ?? "none (`vouch enroll --server URL`)"),
    ...otherServers(settings, agent).map((each) => row("", serverLine(each, now))),
    row("Role", roleArn ?? "none (`vouch setup aws --role ARN --region REGION`)"),
    ...(agent?.role ? [row("", dim(`credentials ${until(agent.role.expiration, now)}`))] : []),
    ...(settings.aws?.region === undefined ? [] : [row("Region", settings.aws.region)]),
    ...profileLines(settings),
    ...repositoryLines(repositoriesOf(settings, agent), roleArn, now),
    ...endOnLines(settings, agent).map((line, index) => row(index === 0 ? "Ends on" : "", line)),
    ...(agent?.askedToday
      ? [row("Asked today", `${count(agent.askedToday, "program")} (\`vouch log\` shows what for)`)]
      : []),
    row(
      "Agent",
      agent?.guest
        ? guestWords(agent.guest)
        : agent
          ? `process ${agent.pid}, since ${clockTime(agent.startedAt, now)}`
          : "not running",
    ),
    ...versionLines(agent),
    ...settingsLines(agent, path),
    ...networkLines(agent?.network ?? {}).map((line) => row("", line)),
  ];
}

/** The servers with their sessions as the agent knows them; without one as the settings do. */
function serversOf(settings: Settings, agent: StatusReply | undefined): ServerSession[] {
  if (agent?.sessions) return agent.sessions;
  const first = agent?.server ?? settings.server?.url;
  const others = Array.from(profileServers(settings), ([server, profiles]) => ({ server, profiles }));
  return first === undefined ? others : [{ server: first, profiles: [], ...agent?.session }, ...others];
}

/** Those of profiles. */
function otherServers(settings: Settings, agent: StatusReply | undefined): ServerSession[] {
  return serversOf(settings, agent).filter(({ profiles }) => profiles.length > 0);
}

function serverLine({ server, profiles, user, expiration, ended }: ServerSession, now: number): string {
  const name = `${server} (profile ${profiles.join(", ")})`;
  if (user !== undefined && expiration !== undefined) {
    return `${name}  logged in as ${user} until ${clockTime(expiration, now)}`;
  }
  const reason = ended === undefined ? "not logged in" : `not logged in: ${endedWords[ended]}`;
  return `${name}  ${reason} (\`vouch login --for ${profiles[0]}\`)`;
}

function guestWords({ name, credentials }: NonNullable<StatusReply["guest"]>): string {
  const gets = credentials ? "read tokens and AWS credentials" : "read tokens";
  return `on another machine, which gives this one, its guest ${printable(name)}, ${gets}; \`vouch login\` is for there`;
}

function settingsLines(agent: StatusReply | undefined, path: string): string[] {
  const other = otherSettings(agent, path);
  return other ? [row("", yellow(other.found)), row("", other.remedy)] : [];
}

function versionLines(agent: StatusReply | undefined): string[] {
  const other = agent?.guest === undefined && agent ? otherVersion(agent) : undefined;
  return other ? [row("", other.found), row("", other.remedy)] : [];
}

/** Of the default server's session; where the settings name none, of the first one that there is. */
function sessionLine(settings: Settings, agent: StatusReply | undefined, now: number): string {
  const first = settings.server ? undefined : agent?.sessions?.find(({ expiration }) => expiration !== undefined);
  if (!agent?.session && first?.expiration !== undefined) {
    return bold(`Logged in as ${first.user} at ${first.server} until ${clockTime(first.expiration, now)}`);
  }
  if (agent?.session) {
    const { user, expiration } = agent.session;
    return bold(`Logged in as ${user} until ${clockTime(expiration, now)} (${duration(expiration - now)} left)`);
  }
  return bold(agent?.ended ? `Not logged in: ${endedWords[agent.ended]}` : "Not logged in");
}

function repositoryLines(repositories: StatusRepository[], defaultRole: string | undefined, now: number): string[] {
  if (repositories.length === 0) {
    return [row("Repository", "none (`vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`)")];
  }
  const isDefault = (index: number): boolean => repositories.length > 1 && index === repositories.length - 1;
  return repositories.flatMap((repository, index) => {
    const { domain, repository: name, domainOwner, region, profile, endpoints } = repository;
    const by = profile === undefined ? "" : `, profile ${profile}`;
    const mark = isDefault(index) ? `  ${bold("default")}` : "";
    return [
      row("Repository", `${domain}/${name} (${domainOwner}, ${region}${by})${mark}`),
      ...Object.entries(endpoints).map(([format, endpoint]) => row("", `${format.padEnd(5)}  ${endpoint}`)),
      ...tokenLines(repository, defaultRole, now),
    ];
  });
}

/** The tokens by purpose, each with its role where that is not the one of the settings. */
function tokenLines(repository: StatusRepository, defaultRole: string | undefined, now: number): string[] {
  const { tokens, tokenExpiration, error } = repository;
  if (tokens === undefined) return tokenLine("token", { expiration: tokenExpiration, error }, now);
  return tokens.flatMap(({ purpose, roleArn, via, expiration, error: failure }) => {
    const isPlain = tokens.length === 1 && roleArn === defaultRole && via.length === 0;
    const label = tokens.length === 1 ? "token" : `${purpose} token`;
    const way = [...via, roleArn].join(" → ");
    const lines = tokenLine(label, { expiration, error: failure }, now);
    return isPlain
      ? lines
      : [row("", `${purpose} by ${way}${purpose === "publish" ? ", after a touch" : ""}`)].concat(lines);
  });
}

function tokenLine(
  label: string,
  { expiration, error }: { expiration: number | undefined; error: StatusRepository["error"] },
  now: number,
): string[] {
  return [
    ...(expiration === undefined ? [] : [row("", dim(`${label}  ${until(expiration, now)}`))]),
    ...(error ? [row("", `${yellow(label)}  ${error.message}`)] : []),
  ];
}

function profileLines({ profiles = {} }: Settings): string[] {
  return Object.entries(profiles).flatMap(([name, { roleArn, region, via = [], folders = [] }]) =>
    [row("Profile", `${name}  ${via.concat(roleArn).join(" → ")} (${region})`)].concat(
      folders.map((folder) => row("", dim(`in ${folder}`))),
    ),
  );
}

/** The network variables of the agent's environment; `https_proxy` stands with an equal `HTTPS_PROXY`. */
function networkLines(network: Record<string, string>): string[] {
  return Object.entries(network).flatMap(([name, value]) => {
    const [upper, lower] = [name.toUpperCase(), name.toLowerCase()];
    if (name === lower && network[upper] === value) return [];
    const names = name !== lower && network[lower] === value ? `${name} and ${lower}` : name;
    // Bun ignores those of Node.js.
    return [`${names}=${value}${name.startsWith("NODE_") ? ` ${dim("(without effect on Vouch)")}` : ""}`];
  });
}

function until(expiration: number, now: number): string {
  return expiration > now ? `until ${clockTime(expiration, now)}` : `ended at ${clockTime(expiration, now)}`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(12)}${text}`;
}
