/** docs/environment.md, made from the table that the manual page is made from. `bun build/environment-page.ts` writes it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { variableGroups } from "../src/cli/framework/variables.ts";

/** The page as Markdown. */
export function environmentPage(): string {
  const groups = variableGroups.map(({ title, variables }) => {
    const rows = variables.map(
      ({ names, readBy, meaning }) => `| ${names.map((name) => `\`${name}\``).join(", ")} | ${readBy} | ${meaning} |`,
    );
    return [`## ${title}`, "", "| variable | read by | meaning |", "|---|---|---|", ...rows, ""].join("\n");
  });
  const head = [
    "# Environment variables",
    "",
    "Every variable that `vouch` reads; `man vouch` has the same table. The agent takes its environment from the command that starts it.",
    "",
  ];
  return `${[...head, ...groups].join("\n").trimEnd()}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dir, "../docs/environment.md"), environmentPage());
