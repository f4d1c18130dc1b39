/** `vouch agent run|stop|status`: the process that holds the session. */
import { stopAgent } from "../../agent/process/stop.ts";
import { askStatus, lstat } from "../../agent/wire/client.ts";
import { agentLogPath } from "../../agent/wire/log-path.ts";
import type { StatusReply } from "../../agent/protocol.ts";
import { buildInfo } from "../../base/build-info.ts";
import { type Command, defineCommand, type Roles } from "../framework/command.ts";
import { otherVersion } from "./agent-version.ts";
import { note, print, printJson } from "../terminal/terminal.ts";
import { clockTime } from "../terminal/time.ts";

const stop = defineCommand({
  meta: {
    name: "stop",
    description: "Stop the agent. The session ends with it, here and at the server, and every token is forgotten.",
  },
  teaching: {
    examples: [["vouch agent stop && vouch login", "Start afresh, with the variables of this shell."]],
  },
  async run() {
    const pid = await stopAgent();
    note(pid === undefined ? "No agent is running." : `The agent (process ${pid}) has stopped.`);
  },
});

const status = defineCommand({
  meta: { name: "status", description: "Say whether the agent is running. Exit code 0 when it is, 1 when not." },
  args: {
    json: { type: "boolean", description: "Print `running` (true or false) and what the agent answers as JSON." },
  },
  teaching: { examples: [["vouch agent status", "See its process number, since when it runs, and where its log is."]] },
  async run({ args }) {
    const running = await askStatus();
    const { version, build } = buildInfo;
    if (args.json) printJson({ running: running !== undefined, ...running, executable: { version, build } });
    else if (running) {
      print(`The agent ${running.version} runs as process ${running.pid} since ${clockTime(running.startedAt)}.`);
      const other = otherVersion(running);
      if (other) print(`${other.found} ${other.remedy}`);
      print(logSentence(running.log));
    } else {
      print("No agent is running. `vouch login` starts it.");
      const path = agentLogPath(lstat);
      if (path !== undefined && lstat(path) !== undefined) print(`The log of the last one is ${path}.`);
    }
    return running ? 0 : 1;
  },
});

/** Returns a sentence on where the agent writes its log. */
function logSentence(log: StatusReply["log"]): string {
  if (log === undefined) return "Its log goes to its stderr; systemd's journal shows it with `journalctl --user`.";
  if (log.failure === undefined) return `Its log is ${log.path}.`;
  return `It keeps no log${log.path === undefined ? "" : ` in ${log.path}`}: ${log.failure}.`;
}

/** Returns the command; `load` injects the agent role, which is a layer above the command line. */
export function agentCommand(load: Roles["agent"]): Command {
  const run = defineCommand({
    meta: { name: "run", description: "Run the agent in the foreground, for systemd, launchd or a container." },
    teaching: {
      details: ["`vouch login` starts the agent in the background by itself; nothing else is needed on a laptop."],
      examples: [["vouch agent run", "Run it until Ctrl-C or `vouch agent stop`."]],
    },
    run: async () => {
      const listKeys = async () => (await import("../../fido/hid/keys.ts")).securityKeyPaths();
      return (await load()).runAgent({ listKeys });
    },
  });
  return defineCommand({
    meta: {
      name: "agent",
      description: "The agent holds the session and the tokens in its memory and answers the package managers.",
    },
    subCommands: { run, stop, status },
  });
}
