/** `vouch keys clean`: lists the credentials of Vouch on a security key, and deletes those that are not needed. */
import { count } from "../../../base/words/count.ts";
import { VouchError } from "../../../base/errors.ts";
import { StoredCredentials } from "../../../fido/management/stored-credentials.ts";
import { loadSettings, type Settings } from "../../../settings/settings.ts";
import { parseSeconds, usage } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { timeoutArg } from "../../key/ceremony.ts";
import { accountOf, askWhich } from "../../key/credential-choice.ts";
import { type CeremonyTools, withSecurityKey } from "../../key/security-key.ts";
import { confirm } from "../../terminal/prompt.ts";
import { note, print, printJson, success, warn } from "../../terminal/terminal.ts";
import { writeToTerminal } from "../../terminal/tty.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { forgetCredential, serverUrl } from "../known-server.ts";
import {
  askEnrolments,
  enrolmentText,
  type HeldCredential,
  heldJson,
  heldLines,
  knownServers,
  listHeld,
} from "./held-credentials.ts";

/** Minimum length of the beginning of an id; a shorter one is probably a typing error. */
const shortestId = 4;

export const clean = defineCommand({
  meta: { name: "clean", description: "List the credentials of Vouch on a security key, and delete old ones." },
  args: {
    server: { type: "string", valueHint: "URL", description: "Those of this Vouch server only." },
    ...forArg,
    delete: {
      type: "string",
      valueHint: "IDS",
      description: "Delete those whose ids begin so (several separated by commas), without asking which.",
    },
    yes: {
      type: "boolean",
      description:
        "Do not ask whether you mean it, and delete one that is still enrolled, too: the key cannot log in with it any more.",
    },
    ...timeoutArg,
    json: { type: "boolean", description: "Print one JSON array; delete nothing." },
  },
  teaching: {
    details: [
      "A key has room for a limited number of credentials (`vouch keys info` shows how many more). This lists those of the Vouch servers that this machine knows, after the key's PIN or your finger: account, server, the beginning of the id, and, where you are logged in, whether the server still knows it. Then it asks which to delete, and asks once more. Credentials of other services are neither read nor touched.",
      "What is deleted on the key is gone for good. One that the server still knows is deleted only with --yes: remove it there first, with `vouch keys remove`. `vouch enroll` and `vouch keys add` offer the same when the key is full. Keys before CTAP 2.1 may have no such command; only a reset empties them (`vouch keys reset`).",
    ],
    examples: [
      ["vouch keys clean", "See them, and choose."],
      ["vouch keys clean --delete x7Gh2KpQ", "Delete the one whose id begins so."],
      [
        "vouch keys clean --server https://old.example.com",
        "Those of a server that this machine does not know any more.",
      ],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    if (args.server !== undefined && args.for !== undefined) {
      throw usage("Give one of --server and --for.", "vouch keys clean");
    }
    if (args.json === true && args.delete !== undefined) {
      throw usage("Give one of --json and --delete.", "vouch keys clean");
    }
    const settings = loadSettings();
    const servers = chosenServers(args.server, args.for, settings);
    const enrolments = await askEnrolments(servers, settings);
    await withSecurityKey(timeoutSeconds, async (tools) => {
      using stored = await StoredCredentials.open(tools);
      const held = await listHeld(stored, servers, enrolments).catch((error: unknown) => {
        // Such a key cannot hold any.
        if (!(error instanceof VouchError) || error.code !== "pin_not_set") throw error;
        return [];
      });
      if (args.json) return printJson(held.map(heldJson));
      const { product } = tools.device;
      if (held.length === 0) return note(`${product} holds no credential of ${servers.join(", ")}.`);
      print(`${product} holds ${count(held.length, "credential")} of Vouch:`);
      for (const line of heldLines(held)) print(line);
      const chosen = await choose(held, args.delete);
      if (chosen.length === 0) return;
      await requireConsent(chosen, product, args.yes === true);
      await deleteAll(stored, chosen, tools);
    });
  },
});

/** The servers whose credentials are listed. Throws `settings_missing`. */
function chosenServers(server: string | undefined, profile: string | undefined, settings: Settings): string[] {
  if (server !== undefined) return [serverUrl(server)];
  const ofProfile =
    profile === undefined ? undefined : (chosenServer(profile, settings).server ?? settings.server?.url);
  const servers = profile === undefined ? knownServers(settings) : ofProfile === undefined ? [] : [ofProfile];
  if (servers.length > 0) return servers;
  throw new VouchError("settings_missing", "This machine knows no Vouch server whose credentials it could look for.", {
    hint: "Name it: `vouch keys clean --server URL`.",
  });
}

/** The credentials to delete: by the beginnings of their ids, else as the person chooses; none without a terminal. */
async function choose(held: readonly HeldCredential[], ids: string | undefined): Promise<HeldCredential[]> {
  if (ids !== undefined) {
    const words = ids.split(",").map((word) => word.trim());
    return [...new Set(words.map((word) => findHeld(held, word)))];
  }
  if (!writeToTerminal("")) return [];
  return (await askWhich(held.length)).map((index) => held[index]!);
}

function findHeld(held: readonly HeldCredential[], word: string): HeldCredential {
  const found = word.length < shortestId ? [] : held.filter(({ id }) => id.startsWith(word));
  const [first, other] = found;
  if (first !== undefined && other === undefined) return first;
  const begun = JSON.stringify(word.slice(0, 100));
  throw new VouchError(
    other === undefined ? "credential_not_found" : "usage",
    other === undefined
      ? `The key holds no credential of Vouch whose id begins with ${begun}.`
      : `Several ids begin with ${begun}.`,
    { hint: `Give at least ${shortestId} characters of an id; \`vouch keys clean\` shows them.` },
  );
}

/** Throws `usage` for one that is still enrolled, `cancelled` unless the person means it. */
async function requireConsent(chosen: readonly HeldCredential[], product: string, yes: boolean): Promise<void> {
  for (const { credential, server, enrolment } of chosen) {
    const name = `${accountOf(credential)} at ${server}`;
    if (enrolment.state === "enrolled") {
      const loss = `${name} is still enrolled, as "${enrolment.name}": without this credential the key cannot log in there.`;
      if (!yes) {
        throw new VouchError("usage", `${loss} Nothing was deleted.`, {
          hint: "Remove it there first with `vouch keys remove`; `--yes` deletes it all the same.",
        });
      }
      warn(loss);
    } else if (enrolment.state === "unknown") warn(`${name} ${enrolmentText(enrolment)}.`);
  }
  if (yes) return;
  const them = chosen.length === 1 ? "it" : "them";
  const question = `Delete ${count(chosen.length, "credential")} from ${product}? Nobody can bring ${them} back.`;
  const isMeant = await confirm(question, false).catch((error: unknown) => {
    if (!(error instanceof VouchError) || error.code !== "usage") throw error;
    throw new VouchError("usage", "This needs a terminal to ask on, and there is none.", {
      hint: "Add `--yes` to delete without a question.",
      cause: error,
    });
  });
  if (!isMeant) throw new VouchError("cancelled", "Nothing was deleted.");
}

async function deleteAll(
  stored: StoredCredentials,
  chosen: readonly HeldCredential[],
  { device: { product } }: CeremonyTools,
): Promise<void> {
  for (const [rpId, ofRp] of Map.groupBy(chosen, (each) => each.rpId)) {
    await stored.delete(
      rpId,
      ofRp.map(({ credential }) => credential),
    );
    for (const { id, server, credential } of ofRp) {
      forgetCredential(id);
      success(`${accountOf(credential)} at ${server} (${id.slice(0, 8)}) is deleted from ${product}.`);
    }
  }
}
