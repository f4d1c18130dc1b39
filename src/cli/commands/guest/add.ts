/** `vouch guest add NAME`: opens a socket for a guest, or gives one more rights. */
import { dirname, isAbsolute, resolve } from "node:path";
import { checkGuestFolder, isSameFolder } from "../../../agent/guests/folder.ts";
import { routes } from "../../../agent/protocol.ts";
import { askAgent, lstat } from "../../../agent/wire/client.ts";
import type { GuestReply } from "../../../agent/wire/reply-parts.ts";
import { agentSocketPath } from "../../../agent/wire/socket.ts";
import { VouchError } from "../../../base/errors.ts";
import { type GuestSettings, loadSettings, maxGuestUids, saveSettings } from "../../../settings/settings.ts";
import { usage, valuesOf } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { printJson, success, warn } from "../../terminal/terminal.ts";
import {
  allGuests,
  closedGuest,
  guestName,
  noteGuest,
  ownAgent,
  rightsOf,
  warnOfOtherSettings,
} from "./agent-guests.ts";

const commandName = "vouch guest add";

export const add = defineCommand({
  meta: { name: "add", description: "Open a socket at which a guest gets read tokens, and nothing else." },
  args: {
    name: { type: "positional", valueHint: "NAME", description: "What `vouch log` calls it, such as devcontainer." },
    uid: {
      type: "string",
      valueHint: "N",
      description: "A user id that may ask besides your own, as this machine counts it. Repeatable.",
    },
    credentials: { type: "boolean", description: "Credentials of the configured AWS roles, too." },
    folder: { type: "string", valueHint: "FOLDER", description: "The socket's folder, if not in the agent's own." },
    session: { type: "boolean", description: "Until the session ends. Without it, it is there with every session." },
    json: { type: "boolean", description: "Print the guest as JSON." },
  },
  teaching: {
    details: [
      "The socket is `agent.sock` in a folder that is mounted into a container, or forwarded to another machine. The program there finds it by VOUCH_RUNTIME_DIR. What it may ask is fixed: tokens for reading, and whether there is a session; no login, no publishing, no settings.",
      "User ids are those of this machine: in a container with mapped ids, a process has another one here. Who was refused is shown by `vouch guest list`. For a guest that is there already, the flags add to what it may do.",
    ],
    examples: [
      ["vouch guest add devcontainer", "For containers whose processes have your user id here."],
      ["vouch guest add devcontainer --uid 100999", "And for one whose user is mapped."],
      ["vouch guest add build --session", "Gone with the session."],
    ],
  },
  async run({ args, rawArgs }) {
    const name = guestName(args.name ?? "", commandName);
    const added = valuesOf(rawArgs, "--uid").map(userId);
    if (args.folder !== undefined && !isAbsolute(args.folder)) {
      throw usage("--folder expects an absolute path.", commandName);
    }
    const folder = args.folder === undefined ? undefined : resolve(args.folder);
    const agent = await ownAgent();
    const isRunning = agent !== undefined;
    const settings = loadSettings();
    if (folder !== undefined) await checkFolder(name, folder);
    const before = settings.guests?.[name];
    const uids = [...new Set([...(before?.uids ?? []), ...added])];
    if (uids.length > maxGuestUids) throw usage(`A guest has at most ${maxGuestUids} user ids.`, commandName);
    const after: GuestSettings = {
      ...before,
      ...(uids.length === 0 ? {} : { uids }),
      ...(args.credentials ? { credentials: true } : {}),
      ...(folder === undefined ? {} : { folder }),
    };
    if (args.session) await openForSession(name, after, before !== undefined, isRunning);
    else saveSettings({ ...settings, guests: { ...settings.guests, [name]: after } });
    const opened = (await allGuests()).guests.find((each) => each.name === name);
    // The agent opens the guests of its own settings, and may have another of that name.
    const isOther = !args.session && warnOfOtherSettings(agent, "To have it open these guests");
    if (opened?.failure !== undefined && !isOther) {
      if (!args.session) saveSettings(settings);
      await allGuests();
      throw VouchError.fromWire(opened.failure);
    }
    const guest = isOther || opened === undefined ? closedGuest(name, after) : opened;
    if (args.json) return printJson(guest);
    report(
      guest,
      isRunning,
      settings.repositories.some(({ publishRoleArn }) => publishRoleArn === undefined),
    );
  },
});

/** Throws as the agent would, before anything is written: also where none runs. A folder that the guest has stays its. */
async function checkFolder(name: string, folder: string): Promise<void> {
  const { guests } = await allGuests();
  const own = guests.find((each) => each.name === name && each.failure === undefined);
  if (own !== undefined && isSameFolder(own.folder, folder)) return;
  const others = guests.flatMap((each) => (each.name !== name && each.failure === undefined ? [each.folder] : []));
  checkGuestFolder(folder, dirname(agentSocketPath(lstat)), others);
}

async function openForSession(name: string, guest: GuestSettings, isKept: boolean, isRunning: boolean): Promise<void> {
  if (isKept) {
    throw new VouchError("name_taken", `The guest ${name} is there with every session already.`, {
      hint: `Run \`vouch guest remove ${name}\` first, or choose another name.`,
    });
  }
  if (!isRunning) {
    throw new VouchError("login_needed", "No agent is running, so there is no session for the guest to end with.", {
      hint: "Run `vouch login`.",
    });
  }
  await askAgent(routes.guestOpen, { name, ...guest });
}

function report(guest: GuestReply, isRunning: boolean, mayPublish: boolean): void {
  success(`The guest ${guest.name} gets ${rightsOf(guest)}, at ${guest.folder}/agent.sock.`);
  noteGuest(guest, isRunning);
  if (mayPublish) {
    warn(
      "No role for publishing is set for every repository: what the tokens can is what their role can. If that includes publishing, the guest can publish (`vouch setup codeartifact --publish-role`).",
    );
  }
}

function userId(text: string): number {
  const uid = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (uid <= 0xfffffffe) return uid;
  throw usage(`--uid expects a user id, got "${text}".`, commandName);
}
