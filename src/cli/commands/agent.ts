/** `vouch agent run|stop|status`: the process that holds the session. */
import { setTimeout as sleep } from "node:timers/promises";
import { askAgent, askStatus, listenerPid, lstat } from "../../agent/wire/client.ts";
import { agentLogPath, namingLog } from "../../agent/wire/log-path.ts";
import { routes, type StatusReply } from "../../agent/protocol.ts";
import { VouchError } from "../../base/errors.ts";
import { type Command, defineCommand, type Roles } from "../framework/command.ts";
import { note, print, printJson } from "../terminal/terminal.ts";
import { clockTime } from "../terminal/time.ts";

/** Timeout for the agent to shut down: revoke its session at the server and finish requests in flight. */
const stopTimeoutMs = 20_000;
/** Timeout of the stop request. */
const answerLimitMs = 10_000;

const stop = defineCommand({
  meta: {
    name: "stop",
    description: "Stop the agent. The session ends with it, here and at the server, and every token is forgotten.",
  },
  teaching: {
    examples: [["vouch agent stop && vouch login", "Start afresh, with the variables of this shell."]],
  },
  async run() {
    let running: Pick<StatusReply, "pid"> | undefined;
    try {
      running = await askStatus(answerLimitMs);
      if (running) await askAgent(routes.stop, undefined, { timeoutMs: answerLimitMs });
    } catch (error) {
      // Fallback for an agent that hangs or has another protocol version: signal the process that the kernel reports as
      // peer.
      if (!(error instanceof VouchError) || error.code !== "agent_unavailable") throw error;
      const pid = await listenerPid();
      if (pid === undefined) throw error;
      await end(pid);
      running = { pid };
    }
    if (!running) {
      note("No agent is running.");
      return;
    }
    await untilGone(running.pid);
    note(`The agent (process ${running.pid}) has stopped.`);
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
    if (args.json) printJson({ running: running !== undefined, ...running });
    else if (running) {
      print(`The agent ${running.version} runs as process ${running.pid} since ${clockTime(running.startedAt)}.`);
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
    run: async () => (await load()).runAgent(),
  });
  return defineCommand({
    meta: {
      name: "agent",
      description: "The agent holds the session and the tokens in its memory and answers the package managers.",
    },
    subCommands: { run, stop, status },
  });
}

/** Waits for the process to exit, so that the next command (`vouch login`) starts a new agent. */
async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      const message = `The agent (process ${pid}) was told to stop and has not yet ended.`;
      const hint = `If it does not end, run \`kill -9 ${pid}\`.`;
      throw namingLog(new VouchError("agent_unavailable", message, { hint }), lstat);
    }
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends SIGTERM, and SIGKILL if the process still runs after two seconds. */
async function end(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + 2_000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      process.kill(pid, "SIGKILL");
      return;
    }
    await sleep(20);
  }
}
