/** What a person reads of a request for a touch, and of the processes behind it. All of it is untrusted text. */
import { printable } from "../../base/words/printable.ts";
import { processInfo, type ProcessInfo } from "../../base/process/process-info.ts";
import type { PublishStartRequest } from "../requests.ts";
import type { Holder } from "./holder.ts";

/** How many processes above the asker are named. */
const maxAbove = 4;
const firstPid = 1;

/** One sentence: who asks for what. The name is the process's own, the rest what the package manager says. */
export function requestWords(
  name: string,
  { claim, command }: Pick<PublishStartRequest, "claim" | "command">,
  places: readonly string[],
): string {
  const what = claim === undefined ? "publish" : `${claim.operation} ${claim.name} ${claim.version ?? ""}`.trim();
  const who = command === undefined ? name : `${command} (${name})`;
  return printable(`${who} asks to ${what} to ${places.join(" and ")}.`);
}

/** The asker and those above it, with their ids: "npm (process 4711), below bash (4600), code (310)". */
export function processWords({ process }: Holder): string {
  const above: ProcessInfo[] = [];
  for (let at = processInfo(process.parent); at && above.length < maxAbove && at.pid > firstPid;) {
    above.push(at);
    at = processInfo(at.parent);
  }
  const below = above.map(({ name, pid }) => `${nameOnly(name)} (${pid})`).join(", ");
  return printable(`${nameOnly(process.name)} (process ${process.pid})${below === "" ? "" : `, below ${below}`}`);
}

/** npm and others write their arguments behind it. */
function nameOnly(name: string): string {
  return /\S+/.exec(name)?.[0] ?? "a program without a name";
}
