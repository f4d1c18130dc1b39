/**
 * A pinentry without a person: it is strict about what it is sent, writes that down, and answers as PINENTRY_USER_DATA
 * says, also what no pinentry would.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Script } from "../stand-in.ts";

const {
  log,
  greeting = "OK Pleased to meet you\n",
  answers,
} = JSON.parse(process.env["PINENTRY_USER_DATA"]!) as Script;
const settings = /^(OPTION|SETTITLE|SETDESC|SETOK|SETCANCEL|SETPROMPT|SETREPEAT|SETREPEATERROR|SETERROR|SETTIMEOUT) /;
const commands = /^(GETPIN|CONFIRM|CONFIRM --one-button|BYE)$/;
/** How often the command has come, to the processes before this one, too. */
function countOf(name: string): number {
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
  return lines.filter((line) => line.split(" ", 1)[0] === name).length;
}

function answerTo(line: string): string {
  const escapes = [...line.matchAll(/%/g)].length - [...line.matchAll(/%[0-9A-F]{2}/g)].length;
  const isKnown = settings.test(line) || commands.test(line);
  if (!isKnown || escapes !== 0 || Buffer.byteLength(line) > 999) return "ERR 536871187 Unknown IPC command\n";
  const name = line.split(" ", 1)[0]!;
  return answers[name]?.[countOf(name)] ?? answers[name]?.at(-1) ?? "OK\n";
}

process.on("SIGINT", () => {
  appendFileSync(log, "SIGINT\n");
  process.exit(0);
});
process.stdout.write(greeting);
let text = "";
for await (const chunk of process.stdin) {
  text += (chunk as Buffer).toString("utf8");
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    const answer = answerTo(line);
    appendFileSync(log, `${answer.startsWith("ERR 536871187") ? "REFUSED " : ""}${line}\n`);
    if (answer === "EXIT") process.exit(1);
    if (answer !== "HANG") process.stdout.write(answer);
  }
}
