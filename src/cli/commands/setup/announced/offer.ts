/** Shows a person what their server announces, and sets it up if they accept it: after a login, on the first day. */
import { digestOf } from "../../../../announced/body.ts";
import { VouchError } from "../../../../base/errors.ts";
import { loadSettings, saveSettings } from "../../../../settings/settings.ts";
import { confirm } from "../../../terminal/prompt.ts";
import { count } from "../../../../base/words/count.ts";
import { bold, green, note, red, warn } from "../../../terminal/terminal.ts";
import type { Outcome } from "../codeartifact/outcome/report.ts";
import { askAnnounced } from "./asked.ts";
import { keptReplaced, setUp } from "./carry-out.ts";
import { type Difference, differenceOf, type Line } from "./difference.ts";
import { replacedLines } from "./replaced.ts";
import { expectSound } from "./roles.ts";

/**
 * Offers what the default server, if it is this one (URL), announces and was neither accepted nor declined; without a
 * person says in one line that there is something. Returns what was set up of repositories. An announcement that cannot
 * be had or is not accepted is a warning: the session is there. Throws `cancelled`, and as `setUp`.
 */
export async function offerAnnounced(
  server: string,
  { isPerson, path }: { isPerson: boolean; path?: string | undefined },
): Promise<Outcome[]> {
  const settings = loadSettings();
  if (settings.server?.url !== server) return [];
  const known = settings.announced?.server === server ? settings.announced : undefined;
  try {
    const body = await askAnnounced(server);
    if (body === undefined) return [];
    const digest = digestOf(body);
    const isDone = known?.unfinished !== true && digest === digestOf(known?.accepted ?? {});
    const isKnown = isDone || digest === known?.declined;
    if (isKnown) return [];
    const difference = differenceOf(body, { ...known, settings, env: process.env });
    const accepted = { server, accepted: body };
    if (difference.lines.length === 0) {
      saveSettings({ ...settings, announced: { ...accepted, ...keptReplaced(difference) } });
      return [];
    }
    expectSound(difference, settings);
    difference.lines.push(...replacedLines(difference, settings));
    if (!isPerson) {
      note(
        `${server} announces changes for this machine; nothing has been changed. See them: \`vouch setup --dry-run\`.`,
      );
      return [];
    }
    if (await accepts(difference, server)) return await setUp(difference, accepted, { path, isSilent: false });
    saveSettings({ ...loadSettings(), announced: { ...known, server, declined: digest } });
    note("Nothing has been changed. `vouch setup` shows it again.");
  } catch (error) {
    const failure = VouchError.from(error);
    if (failure.code === "cancelled") throw error;
    warn(failure.message);
    note("Not all that the server announces is set up. `vouch setup` tries it again, and says what to do.");
  }
  return [];
}

/** Shows the difference and asks; Enter alone is a no. Throws `cancelled`. */
export async function accepts(difference: Difference, server: string): Promise<boolean> {
  show(difference, server, note);
  return confirm("Set all of this up on this machine?", false);
}

/** Shows what would change, line by line. */
export function show({ lines, notes }: Difference, server: string, say: (line: string) => void): void {
  say(bold(`${server} announces for this machine:`));
  for (const line of lines) say(`  ${shown(line)}`);
  for (const line of notes) note(line);
  const summary = summaryOf(lines);
  if (summary !== undefined) say(summary);
}

/** Lines that a terminal shows above the question. */
const fewLines = 12;

/** What a long list comes to, beside the question; its first lines have scrolled away. Undefined for a short one. */
export function summaryOf(lines: readonly Line[]): string | undefined {
  if (lines.length <= fewLines) return undefined;
  const added = lines.filter(({ sign }) => sign === "+");
  const accounts = new Set(added.flatMap(({ text }) => text.match(/\b[0-9]{12}\b/g) ?? []));
  const named = [...accounts].toSorted().slice(0, 8).join(", ");
  const more = accounts.size > 8 ? ` and ${accounts.size - 8} more` : "";
  const from = accounts.size === 0 ? "" : `, of ${accounts.size === 1 ? "account" : "accounts"} ${named}${more}`;
  return `In all ${count(added.length, "line")} added${from}, and ${lines.length - added.length} taken away.`;
}

function shown({ sign, text }: Line): string {
  return sign === "+" ? green(`+ ${text}`) : red(`- ${text}`);
}
