/** The table of `vouch` commands: summary for the overview, and lazy import. */
import type { CommandEntry } from "./framework/command.ts";

export const commands: Record<string, CommandEntry> = {
  login: {
    group: "every day",
    summary: "Log in with your security key, for eight hours",
    load: async () => (await import("./commands/login.ts")).login,
  },
  logout: {
    group: "every day",
    summary: "End the session and forget every token",
    load: async () => (await import("./commands/logout.ts")).logout,
  },
  status: {
    group: "every day",
    summary: "Show the session, the role and the repositories",
    load: async () => (await import("./commands/status.ts")).status,
  },
  sessions: {
    group: "every day",
    summary: "List your sessions, here and elsewhere, and end them",
    load: async () => (await import("./commands/sessions/sessions.ts")).sessions,
  },
  log: {
    group: "every day",
    summary: "Show which programs have asked for tokens",
    load: async () => (await import("./commands/log/log.ts")).log,
  },
  doctor: {
    group: "every day",
    summary: "Find out why a package manager gets no packages",
    load: async () => (await import("./commands/doctor/doctor.ts")).doctor,
  },
  enroll: {
    group: "set up",
    summary: "Set up this machine: security key, AWS role, package managers",
    load: async () => (await import("./commands/enroll/enroll.ts")).enroll,
  },
  keys: {
    group: "set up",
    summary: "Your security keys: list, add, remove; PIN, room and reset of the key itself",
    load: async () => (await import("./commands/keys/keys.ts")).keys,
  },
  setup: {
    group: "set up",
    summary: "Name the AWS role, configure your package managers for a repository",
    load: async () => (await import("./commands/setup/setup.ts")).setup,
  },
  trust: {
    group: "set up",
    summary: "Let a project's Cargo configuration decide about proxies and certificates",
    load: async () => (await import("./commands/trust.ts")).trust,
  },
  exec: {
    group: "for programs",
    summary: "Run a command with the tokens in its environment, in CI too",
    load: async () => (await import("./commands/helper-commands.ts")).exec,
  },
  credential: {
    group: "for programs",
    summary: "Print a token or AWS credentials on stdout",
    load: async () => (await import("./commands/helper-commands.ts")).credential,
  },
  agent: {
    group: "for programs",
    summary: "Run, stop or ask the agent that holds the session",
    load: async (roles) => (await import("./commands/agent.ts")).agentCommand(roles.agent),
  },
  ssh: {
    group: "every day",
    summary: "Log in to another machine, where package managers ask the agent here",
    load: async () => (await import("./commands/ssh/ssh.ts")).ssh,
  },
  guest: {
    group: "for programs",
    summary: "Let a container or another machine ask this agent for read tokens",
    load: async () => (await import("./commands/guest/guest.ts")).guest,
  },
  hook: {
    group: "for programs",
    summary: "Print lines that keep the shims folder first on your shell's PATH",
    load: async () => (await import("./commands/hook.ts")).hook,
  },
  completions: {
    group: "for programs",
    summary: "Print a script for your shell's completion",
    async load(roles) {
      const { commandTree } = await import("./framework/command-tree.ts");
      const { completionsCommand } = await import("./commands/completions/completions.ts");
      return completionsCommand(() => commandTree(commands, roles));
    },
  },
  server: {
    group: "for companies",
    summary: "Run the server that knows your people's keys and that AWS trusts",
    load: async (roles) => (await roles.server()).serverCommand,
  },
};
