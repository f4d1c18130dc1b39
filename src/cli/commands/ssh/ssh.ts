/** `vouch ssh HOST`: ssh with this machine's agent at hand, as a guest of its own. */
import { existsSync } from "node:fs";
import { routes } from "../../../agent/protocol.ts";
import { askAgent } from "../../../agent/wire/client.ts";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { hasAnySession } from "../chosen-server.ts";
import { missing, usage } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { untilInterrupted } from "../../terminal/interrupt.ts";
import { note, warn } from "../../terminal/terminal.ts";
import { ownAgent } from "../guest/agent-guests.ts";
import { Connection } from "./connection.ts";
import { sshWords } from "./words.ts";

const commandName = "vouch ssh";
/** How often it is looked whether the guest is still there: it goes with a session that ends. */
const watchMs = 5_000;

export const ssh = defineCommand({
  meta: {
    name: "ssh",
    description: "Log in to another machine by ssh, where package managers then get read tokens from the agent here.",
  },
  args: {
    host: { type: "positional", valueHint: "HOST", description: "The machine, as ssh names it." },
    words: {
      type: "positional",
      valueHint: "…",
      required: false,
      description: "After `--`: options of ssh, and a command in place of a shell.",
    },
    credentials: { type: "boolean", description: "Credentials of the configured AWS roles, too." },
  },
  teaching: {
    usage: "HOST [--credentials] [-- SSH-OPTION… COMMAND…]",
    details: [
      "It makes a guest for this connection, forwards a socket to it into a new folder of yours on the other machine, and sets VOUCH_RUNTIME_DIR there for the shell or the command. All of it is gone when that ends. The other machine needs `vouch`, and what `vouch setup codeartifact` writes; it needs no security key, no login, and no settings.",
      "Who is root on the other machine can ask for the same read tokens as long as you are connected.",
    ],
    examples: [
      ["vouch ssh devbox", "A shell on devbox, in which cargo and pip get private packages."],
      ["vouch ssh devbox -- -p 2222 make -C project", "A command, by another port."],
    ],
  },
  async run({ args, rawArgs }) {
    const end = rawArgs.indexOf("--");
    const before = (end < 0 ? rawArgs : rawArgs.slice(0, end)).filter((word) => !word.startsWith("-"));
    const [host, more] = before;
    if (host === undefined) throw missing("HOST is missing.", commandName, `${commandName} HOST`);
    if (more !== undefined) {
      throw usage(`Options of ssh and a command come after \`--\`.`, commandName, `${commandName} ${host} -- ${more}`);
    }
    const words = sshWords(end < 0 ? [] : rawArgs.slice(end + 1), commandName);
    const agent = await ownAgent();
    if (agent === undefined) {
      throw new VouchError("login_needed", "Not logged in: the Vouch agent is not running.", {
        hint: "Run `vouch login`.",
      });
    }
    if (!hasAnySession(agent)) {
      note("Not logged in: the other machine gets tokens once you run `vouch login` here.");
    }
    return connect(host, new Connection(host, words), args.credentials === true);
  },
});

async function connect(host: string, connection: Connection, credentials: boolean): Promise<number> {
  const name = guestNameFor(host);
  const open = () => askAgent(routes.guestOpen, { name, endsWithAsker: true, ...(credentials ? { credentials } : {}) });
  let watch: ReturnType<typeof setInterval> | undefined;
  try {
    const far = await untilInterrupted(async (interrupted) => {
      const made = await connection.open(interrupted);
      const { folder } = await open();
      const socket = `${folder}/agent.sock`;
      await connection.forward(made, socket, interrupted);
      interrupted.throwIfAborted();
      // A session that ends takes the guest with it; the next one shall serve it, too.
      watch = setInterval(() => void (existsSync(socket) || open().catch(() => {})), watchMs);
      return made;
    });
    // From now on Ctrl-C is for what runs there; other signals end that, and everything is taken down.
    process.on("SIGINT", () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => connection.interrupt());
    if (!far.hasVouch) {
      warn(
        `${printable(host)} has no \`vouch\` on its PATH: install it there, and run \`vouch setup codeartifact\` there.`,
      );
    }
    return await connection.run(far);
  } finally {
    clearInterval(watch);
    await connection.close();
    // Without the agent, or in its next session, there is no such guest.
    await askAgent(routes.guestClose, { name }).catch(() => {});
  }
}

/** A name for the record: the host's, and what tells two connections apart. */
function guestNameFor(host: string): string {
  const plain = host
    .replace(/^.*@/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  return `ssh-${plain.slice(0, 21)}-${crypto.randomUUID().slice(0, 6)}`;
}
