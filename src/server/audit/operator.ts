/** Who runs a command, for the audit log. */
import { hostname } from "node:os";
import { VouchError } from "../../base/errors.ts";
import { accountName } from "../../base/system/account-name.ts";
import { checkpointChain } from "../store/audit.ts";

/** Names the chain of the command line's entries. */
export const commandLine = "command-line";

/** Length limit of a part of a name, in UTF-16 units. */
const maxName = 64;

/**
 * The operating system's account that this process acts as, with its machine; an account without a name is `uid N`. Behind
 * sudo also the one before, as the environment says.
 */
export function operator(): string {
  const uid = process.geteuid!();
  const account = accountName(uid) ?? `uid ${uid}`;
  const name = `${account.slice(0, maxName)}@${hostname().slice(0, maxName)}`;
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
