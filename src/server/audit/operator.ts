/** Who runs a command, for the audit log. */
import { hostname, userInfo } from "node:os";
import { VouchError } from "../../base/errors.ts";
import { checkpointChain } from "../store/audit.ts";

/** Names the chain of the command line's entries. */
export const commandLine = "command-line";

/** Length limit of a part of a name, in UTF-16 units. */
const maxName = 64;

/** The operating system's account that runs this process, with its machine; behind sudo also the one before. */
export function operator(): string {
  const name = `${account().slice(0, maxName)}@${hostname().slice(0, maxName)}`;
  const before = process.env["SUDO_USER"];
  return before === undefined || before === "" ? name : `${name} (sudo: ${before.slice(0, maxName)})`;
}

/** The name of this replica, unless it is given one: machine and port; where any port will do, the process's id. */
export function defaultReplica(port: number): string {
  return `${hostname().slice(0, maxName)}:${port === 0 ? process.pid : port}`;
}

/** Parses a replica's name. Throws `usage`. */
export function parseReplica(text: string | undefined): string | undefined {
  if (text === commandLine || text === checkpointChain) {
    throw new VouchError("usage", `--replica ${text} is the name of a chain of the audit log that no replica has.`, {
      hint: "Give another name, like vouch-1.",
    });
  }
  if (text === undefined || /^[\w.:-]{1,80}$/.test(text)) return text;
  throw new VouchError("usage", `Expected --replica with letters, digits and . _ : -, got "${text.slice(0, 80)}".`);
}

function account(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user without an entry in /etc/passwd.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
