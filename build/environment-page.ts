/** docs/environment.md, made from the tables that the manual page is made from. `bun build/environment-page.ts` writes it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allVariableGroups } from "./variables.ts";

/** The words of the column "read by". */
const readers = [
  ["all commands", "every `vouch` command, and `vouch` when a package manager starts it (helpers and shims)."],
  ["command line", "the commands that you type, `vouch exec` included; no helper and no shim."],
  ["publishing", "a helper or shim that needs a touch of your security key."],
  ["setup, status, doctor, exec, server", "only `vouch setup`, `vouch status` and so on."],
  ["agent", "the background process that `vouch login` starts. A change takes effect after `vouch agent stop`."],
  [
    "CI job",
    "`vouch exec` and `vouch credential` with `--identity`, and the helpers below such an `exec`: no agent runs.",
  ],
  [
    "Cargo's helper, keyring, pip shim, npm shim, pnpm shim",
    '`vouch` as Cargo\'s credential provider, or under that name in the shims folder. "Helpers" and "shims" are all of these.',
  ],
];

/** With links to the other pages, which the manual page has none of. */
function linked(meaning: string): string {
  return meaning.replace("the audit log notes", "the [audit log](audit.md) notes");
}

/** The page as Markdown. */
export function environmentPage(): string {
  const groups = allVariableGroups.map(({ title, variables }) => {
    const rows = variables.map(
      ({ names, readBy, meaning }) =>
        `| ${names.map((name) => `\`${name}\``).join(", ")} | ${readBy} | ${linked(meaning)} |`,
    );
    return [`## ${title}`, "", "| variable | read by | meaning |", "|---|---|---|", ...rows, ""].join("\n");
  });
  const head = [
    "# Environment variables",
    "",
    "Every variable that `vouch` reads; `man vouch` has the same table. The agent takes its environment from the command that starts it.",
    "",
    'What the column "read by" means:',
    "",
    ...readers.map(([name, what]) => `- **${name}**: ${what}`),
    "",
  ];
  return `${[...head, ...groups].join("\n").trimEnd()}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dir, "../docs/environment.md"), environmentPage());
