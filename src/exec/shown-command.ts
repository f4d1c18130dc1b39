/**
 * The command that runs, in words for the person who is asked for a touch: its program, and the arguments that are known to
 * be harmless. It is the asker's claim, and bounded.
 */
import { masked, maskArguments } from "../base/process/masked-arguments.ts";
import { askersAbove } from "../base/process/calling-processes.ts";

/** As the agent takes it, in UTF-16 units. */
const maxLength = 120;
/** Programs that run another one's file, which is what a person has started. */
const interpreters = /^-?(?:node|bun|deno|python[\d.]*|ruby|(?:ba|da|z|k|fi)?sh)$/;

/** `yarn npm publish` for `node /…/yarn-4.9.1.cjs npm publish`; undefined without a program's name. */
export function shownCommand(words: readonly string[]): string | undefined {
  const [first = "", ...rest] = words;
  const name = basename(first);
  if (interpreters.test(name)) {
    const file = rest.findIndex((word) => !word.startsWith("-"));
    // A shell with `-c`, or a person's own, says nothing that fits here.
    if (file !== 0) return name === "" ? undefined : name.replace(/^-/, "");
    return shownCommand([basename(rest[0]!).replace(/(?:-\d[\w.]*)?\.(?:[cm]?js|py|rb)$/, ""), ...rest.slice(1)]);
  }
  if (name === "") return undefined;
  const [, ...shown] = maskArguments(words);
  const text = [name, ...shown.filter((word, index) => word !== masked || shown[index - 1] !== masked)].join(" ");
  return (text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`).toWellFormed();
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The command of the process that has started this one; undefined where the system does not say. */
export function commandAbove(): string | undefined {
  const [parent] = askersAbove();
  return parent === undefined ? undefined : shownCommand(parent.args);
}
