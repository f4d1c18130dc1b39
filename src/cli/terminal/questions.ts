/** Questions that are asked again until the answer fits: a text of a form, a name from a list. */
import { closest } from "../../base/words/closest.ts";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { promptText } from "./prompt.ts";
import { cut } from "../../base/words/table.ts";
import { note, warn } from "./terminal.ts";
import { terminalWidth } from "./width.ts";

/**
 * Prompts for a text until `parse` takes it, which throws `usage` for one that it does not; Enter alone is `whenEmpty`.
 * Throws as `promptText`, and what else `parse` throws.
 */
export async function promptParsed<T>(label: string, parse: (text: string) => T, whenEmpty?: string): Promise<T> {
  for (;;) {
    const answer = await promptText(whenEmpty === undefined ? label : `${label} [${whenEmpty}]`);
    if (answer === "" && whenEmpty === undefined) continue;
    try {
      return parse(answer === "" ? whenEmpty! : answer);
    } catch (error) {
      if (!(error instanceof VouchError) || error.code !== "usage") throw error;
      warn(error.message);
    }
  }
}

export interface Choice {
  name: string;
  /** Untrusted text; "" without one. */
  about: string;
}

/** Longer lists are not shown before a part of a name has made them shorter. */
const maxShown = 15;

/**
 * Prompts for one of the names: by its number, by the name, or by a part of names, which shows those that have it.
 * `what`: of what kind they are, in the plural. Throws as `promptText`.
 */
export async function promptName(question: string, what: string, choices: readonly Choice[]): Promise<string> {
  let shown = choices;
  let isListed = false;
  note(question);
  for (;;) {
    const isShort = shown.length <= maxShown;
    if (isShort && !isListed) for (const line of linesOf(shown)) note(line);
    isListed = isShort;
    const label = isShort
      ? `Number or name${shown.length === 1 ? " [1]" : ""}`
      : `There are ${shown.length} ${what}. Type the name, or a part of it`;
    const answer = await promptText(label);
    if (answer === "" && shown.length === 1) return shown[0]!.name;
    if (answer === "") {
      isListed = isListed && shown === choices;
      shown = choices;
      continue;
    }
    const numbered = isShort && /^[0-9]{1,2}$/.test(answer) ? shown[Number(answer) - 1] : undefined;
    const chosen = numbered ?? choices.find(({ name }) => name === answer);
    if (chosen !== undefined) return chosen.name;
    const part = answer.toLowerCase();
    const found = choices.filter(({ name }) => name.toLowerCase().includes(part));
    if (found.length === 0) {
      const near = closest(
        answer,
        choices.map(({ name }) => name),
      );
      warn(`None of the ${choices.length} ${what} has "${answer}" in its name.${near ? ` Did you mean ${near}?` : ""}`);
      continue;
    }
    isListed = false;
    shown = found;
  }
}

/** A line each, no longer than the terminal is wide. */
function linesOf(choices: readonly Choice[]): string[] {
  const nameWidth = Math.max(...choices.map(({ name }) => name.length));
  const width = terminalWidth() ?? 80;
  return choices.map(({ name, about }, index) => {
    const start = `  ${String(index + 1).padStart(2)}  ${name}`;
    const text = printable(about).trim();
    if (text === "") return start;
    const room = width - 1 - (nameWidth + 8);
    if (room < 12) return start;
    return `${start.padEnd(nameWidth + 6)}  ${cut(text, room)}`;
  });
}
