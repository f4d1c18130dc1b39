/** The guests that the running agent has, and what to say of one. */
import { dirname } from "node:path";
import { routes, type StatusReply } from "../../../agent/protocol.ts";
import { askAgent, askStatus, lstat } from "../../../agent/wire/client.ts";
import type { GuestReply } from "../../../agent/wire/reply-parts.ts";
import { agentSocketPath } from "../../../agent/wire/socket.ts";
import { usualGuestFolder } from "../../../agent/guests/folder.ts";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { type GuestSettings, guestNamePattern, loadSettings } from "../../../settings/settings.ts";
import { usage } from "../../framework/arguments.ts";
import { note, warn } from "../../terminal/terminal.ts";
import { otherSettings } from "../setup/agent-settings.ts";

/** Checks the name. Throws `usage`. */
export function guestName(text: string, command: string): string {
  if (guestNamePattern.test(text)) return text;
  throw usage(`A guest's name is of a-z, 0-9 and -, at most 32 characters, got "${printable(text)}".`, command);
}

/** The agent that runs here. Throws `access_denied` where it is another machine's: its guests are made there. */
export async function ownAgent(): Promise<StatusReply | undefined> {
  const status = await askStatus();
  if (status?.guest === undefined) return status;
  throw new VouchError("access_denied", `This machine is itself a guest, called ${printable(status.guest.name)}.`, {
    hint: "Guests are made where the agent runs, which is another machine.",
  });
}

/** All guests, once the agent has read its settings; those of the settings, closed, if no agent runs (`isRunning`). */
export async function allGuests(): Promise<{ isRunning: boolean; guests: GuestReply[] }> {
  if ((await ownAgent()) !== undefined) return { isRunning: true, guests: (await askAgent(routes.guests, {})).guests };
  const agentFolder = dirname(agentSocketPath(lstat));
  const guests = Object.entries(loadSettings().guests ?? {}).map(([name, settings]) =>
    closedGuest(name, settings, agentFolder),
  );
  return { isRunning: false, guests };
}

/** A guest of the settings that no agent has opened yet. */
export function closedGuest(
  name: string,
  { uids = [], credentials = false, folder }: GuestSettings,
  agentFolder = dirname(agentSocketPath(lstat)),
): GuestReply {
  const where = folder ?? usualGuestFolder(agentFolder, name);
  return { name, uids, credentials, temporary: false, folder: where, strangers: [] };
}

/** Warns where the agent has the guests of other settings than this shell's, and says what `purpose` needs. */
export function warnOfOtherSettings(agent: StatusReply | undefined, purpose: string): boolean {
  const other = otherSettings(agent);
  if (other !== undefined) warn(`${other.found} ${purpose}: ${other.remedy}.`);
  return other !== undefined;
}

/** Says what the guest needs. */
export function noteGuest({ name, folder, strangers }: GuestReply, isRunning: boolean): void {
  if (!isRunning) note("No agent is running: its socket is there from the next `vouch login` on.");
  for (const uid of strangers) {
    note(`User id ${uid} has asked there and was refused; \`vouch guest add ${name} --uid ${uid}\` lets it ask.`);
  }
  note(`Mount ${folder} and set VOUCH_RUNTIME_DIR to where it is there; for ssh, \`vouch ssh HOST\` does all of it.`);
}

/** What a guest may do, in words. */
export function rightsOf({ uids, credentials, temporary }: GuestReply): string {
  const who = uids.length === 0 ? "your own user id" : `your own user id and ${uids.join(", ")}`;
  const what = credentials ? "read tokens and credentials of configured roles" : "read tokens";
  return `${what}, for ${who}${temporary ? ", until the session ends" : ""}`;
}
