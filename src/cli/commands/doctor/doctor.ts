/** `vouch doctor`: diagnoses why a package manager gets no packages, and suggests remedies. */
import { askAgent, askStatus } from "../../../agent/wire/client.ts";
import { homeFolder } from "../../../base/system/home.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { VouchError } from "../../../base/errors.ts";
import { defineCommand } from "../../framework/command.ts";
import { checkAccess } from "./access.ts";
import { askTools } from "./asked.ts";
import { checkEnvironment } from "./environment.ts";
import { type Fixed, repeatSetup } from "./fix.ts";
import { failure, type Finding, type Machine } from "../../../tools/checks/finding.ts";
import { doctorLeaks } from "./leaks/leaks.ts";
import { checkMachine } from "./machine/machine.ts";
import { checkGuest, checkGuestAccess } from "./guest.ts";
import { type NextStep, nextSteps, saidBySteps } from "./next-steps.ts";
import { checkPath } from "./path/path.ts";
import { allTools } from "../../../tools/tools.ts";
import { askEndpoint } from "./registry.ts";
import { checkSession } from "./session.ts";
import { checkStoredTokens } from "./stored-tokens.ts";
import { bold, dim, green, note, print, printJson, red, success, warn, yellow } from "../../terminal/terminal.ts";

interface Section {
  title: string;
  check: (machine: Machine) => Finding[] | Promise<Finding[]>;
}

/** The four cases of the manual's troubleshooting chapter, then the machine itself. */
const sections: Section[] = [
  { title: "Session and tokens", check: checkSession },
  { title: "AWS access", check: (machine) => checkAccess(machine, { ask: askAgent, askEndpoint }) },
  {
    title: "Domain and repository",
    check: async (machine) => (await Promise.all(allTools.map(async ({ check }) => check(machine)))).flat(),
  },
  {
    title: "Package managers",
    check: async (machine) => [
      ...checkEnvironment(machine),
      ...checkPath(machine),
      ...checkStoredTokens(machine),
      ...(await askTools(machine)),
    ],
  },
  { title: "This machine", check: checkMachine },
];

/** Where the agent runs on another machine, with the key and its settings. */
const guestSections: Section[] = [
  { title: "Session", check: checkGuest },
  { title: "Access", check: (machine) => checkGuestAccess(machine, { ask: askAgent, askEndpoint }) },
  ...sections.slice(2, 4),
];

export const doctor = defineCommand({
  meta: {
    name: "doctor",
    description: "Find out why a package manager gets no packages. Exit code 1 when something is broken.",
  },
  args: {
    fix: {
      type: "boolean",
      description:
        "First put back what `vouch setup` has written and something else has taken away: lines and links. With --leaks: remove what it finds from files; each line is shown first, and asked for.",
    },
    leaks: {
      type: "boolean",
      description:
        "Search files, shell histories, logs, caches and your processes' environments for tokens. Exit code 1 if one may be good.",
    },
    undo: {
      type: "boolean",
      description: "With --leaks: put lines in force again that --fix has kept as comments, without the token.",
    },
    json: { type: "boolean", description: "Print the findings as JSON." },
  },
  teaching: {
    details: [
      "Looks at the session, the role, the repositories, the package managers' files, the environment and the security key, and names a remedy for what is wrong. Run it in the folder where the package manager fails. It shows no token, and changes nothing without --fix.",
    ],
    examples: [
      ["vouch doctor", "Check everything, in this folder."],
      ["vouch doctor --fix", "Repeat what was set up, then check."],
      ["vouch doctor --leaks", "Search for tokens that something has left behind."],
    ],
  },
  async run({ args }) {
    if (args.leaks) return doctorLeaks(await thisMachine(loadSettings()), args);
    if (args.undo) {
      throw new VouchError("usage", "--undo belongs to --leaks.", { hint: "Run `vouch doctor --leaks --undo`." });
    }
    const before = loadSettings();
    const fixed = args.fix ? repeatSetup(before, process.env) : undefined;
    const settings = fixed ? loadSettings() : before;
    if (fixed && !args.json) showFixed(fixed);
    const machine = await thisMachine(settings);
    const steps = machine.agent?.guest === undefined ? nextSteps(machine) : [];
    if (!args.json) showSteps(steps);
    // Concurrent: sections without network access do not wait for those with.
    const isGuest = machine.agent?.guest !== undefined;
    const running = (isGuest ? guestSections : sections).map(({ title, check }) => ({
      title,
      findings: examine(check, machine),
    }));
    const results: { section: string; findings: Finding[] }[] = [];
    for (const { title, findings: pending } of running) {
      const findings = await pending;
      results.push({ section: title, findings });
      if (!args.json)
        show(title, steps.length > 0 ? findings.filter(({ check }) => !saidBySteps.has(check)) : findings);
    }
    const all = results.flatMap(({ findings }) => findings);
    const failures = all.filter(({ status }) => status === "fail");
    const warnings = all.filter(({ status }) => status === "warn").length;
    const broken = failures.filter(({ check }) => !saidBySteps.has(check)).length;
    if (args.json)
      printJson({
        ok: failures.length === 0,
        ...(fixed ? { fixed } : {}),
        next: steps.map(({ command }) => command),
        sections: results,
      });
    else print(bold(summary(steps.length, broken, warnings)));
    return failures.length === 0 ? 0 : 1;
  },
});

async function thisMachine(settings: Machine["settings"]): Promise<Machine> {
  return {
    env: process.env,
    cwd: currentFolder(),
    home: homeFolder(),
    settings,
    agent: await askStatus(),
    now: Date.now() / 1000,
  };
}

/** Returns the current folder. Throws `file_error` if it was deleted. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new VouchError("file_error", "The current folder was deleted.", { hint: "Run `cd` first.", cause: error });
  }
}

/** Returns the findings of a section; an error of the check becomes a finding. */
async function examine(check: Section["check"], machine: Machine): Promise<Finding[]> {
  try {
    return await check(machine);
  } catch (error) {
    const { message, hint } = VouchError.from(error);
    return [failure("doctor", message, hint ?? "vouch doctor --json")];
  }
}

function show(title: string, findings: Finding[]): void {
  if (findings.length === 0) return;
  const marks = { ok: green("ok  "), warn: yellow("warn"), fail: red("FAIL") };
  print(bold(title));
  for (const { status, found, remedy } of findings) {
    print(`  ${marks[status]}  ${found}`);
    if (remedy !== undefined) print(`        ${dim("→")} ${remedy}`);
  }
  print("");
}

function showFixed({ files, links, warnings }: Fixed): void {
  for (const line of warnings) warn(line);
  if (files.length === 0 && links.length === 0) note("--fix: nothing was missing of what is set up.");
  for (const path of files) success(`${path}: Vouch's lines are there again`);
  if (links.length > 0) success(`The shims folder: ${links.join(", ")}`);
}

function showSteps(steps: NextStep[]): void {
  if (steps.length === 0) return;
  print(bold("This machine is not set up yet. Next:"));
  for (const { command, does } of steps) {
    print(`  ${bold(command)}`);
    print(`    ${dim(does)}`);
  }
  print("");
}

function summary(steps: number, failures: number, warnings: number): string {
  if (steps === 0 && failures === 0 && warnings === 0) return "Everything is in order.";
  const counts = [
    ...(steps > 0 ? ["The set-up is not complete"] : []),
    ...(failures > 0 ? [`${failures} ${failures === 1 ? "thing is" : "things are"} broken`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? "thing needs" : "things need"} a look`] : []),
  ];
  return `${counts.join(", ")}.`;
}
