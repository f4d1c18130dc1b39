/** The commands of `vouch`: one line on each for the overview, and where it is loaded from when it is used. */
import type { Command, Roles } from "./command.ts";

export interface CommandEntry {
  group: "every day" | "set up" | "for programs" | "for companies";
  summary: string;
  load: (roles: Roles) => Promise<Command>;
}

export const commands: Record<string, CommandEntry> = {
  login: {
    group: "every day",
    summary: "Log in with your security key, for eight hours",
    load: async () => (await import("./login.ts")).login,
  },
  logout: {
    group: "every day",
    summary: "End the session and forget every token",
    load: async () => (await import("./logout.ts")).logout,
  },
  status: {
    group: "every day",
    summary: "Show the session, the role and the repositories",
    load: async () => (await import("./status.ts")).status,
  },
  doctor: {
    group: "every day",
    summary: "Find out why a package manager gets no packages",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  enroll: {
    group: "set up",
    summary: "Make your security key known to your company's Vouch server",
    load: async () => (await import("./enroll.ts")).enroll,
  },
  keys: {
    group: "set up",
    summary: "List, add, rename and remove your security keys",
    load: async () => (await import("./keys.ts")).keys,
  },
  setup: {
    group: "set up",
    summary: "Name the AWS role, configure cargo, pip and npm for a repository",
    load: async () => (await import("./setup.ts")).setup,
  },
  trust: {
    group: "set up",
    summary: "Let a project's Cargo configuration decide about proxies and certificates",
    load: async () => (await import("./trust.ts")).trust,
  },
  exec: {
    group: "for programs",
    summary: "Run a command with the tokens in its environment, in CI too",
    load: async () => (await import("./elsewhere.ts")).exec,
  },
  credential: {
    group: "for programs",
    summary: "Print a token or AWS credentials on stdout",
    load: async () => (await import("./elsewhere.ts")).credential,
  },
  agent: {
    group: "for programs",
    summary: "Run, stop or ask the agent that holds the session",
    load: async (roles) => (await import("./agent.ts")).agentCommand(roles.agent),
  },
  completions: {
    group: "for programs",
    summary: "Print a script for your shell's completion",
    load: async (roles) => (await import("./completions.ts")).completionsCommand(roles),
  },
  server: {
    group: "for companies",
    summary: "Run the server that knows your people's keys and that AWS trusts",
    load: async (roles) => (await roles.server()).serverCommand,
  },
};
