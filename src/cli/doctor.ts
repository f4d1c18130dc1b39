/** `vouch doctor`: why a package manager gets no packages, and what to do. */
import { askAgent } from "../agent/client.ts";
import { homeFolder } from "../config/locations.ts";
import { loadSettings } from "../config/settings.ts";
import { askStatus } from "./agent.ts";
import { defineCommand } from "./command.ts";
import { checkAccess } from "./doctor/access.ts";
import { checkCargo } from "./doctor/cargo.ts";
import { checkEnvironment } from "./doctor/environment.ts";
import type { Finding, Patient } from "./doctor/finding.ts";
import { checkMachine } from "./doctor/machine.ts";
import { checkNpm } from "./doctor/npm.ts";
import { checkPath } from "./doctor/path.ts";
import { checkPip } from "./doctor/pip.ts";
import { checkSession } from "./doctor/session.ts";
import { checkStoredTokens } from "./doctor/stored-tokens.ts";
import { bold, dim, green, print, printJson, red, yellow } from "./terminal.ts";

interface Section {
  title: string;
  check: (patient: Patient) => Finding[] | Promise<Finding[]>;
}

/** The four cases of the manual's troubleshooting chapter, then the machine. */
const sections: Section[] = [
  { title: "Token expired?", check: checkSession },
  { title: "Access denied?", check: (patient) => checkAccess(patient, askAgent) },
  {
    title: "Wrong domain or repository?",
    check: (patient) => [...checkCargo(patient), ...checkPip(patient), ...checkNpm(patient)],
  },
  {
    title: "Package manager not using Vouch?",
    check: (patient) => [...checkEnvironment(patient), ...checkPath(patient), ...checkStoredTokens(patient)],
  },
  { title: "This machine", check: checkMachine },
];

export const doctor = defineCommand({
  meta: {
    name: "doctor",
    description: "Find out why a package manager gets no packages. Exit code 1 when something is broken.",
  },
  args: { json: { type: "boolean", description: "Print the findings as JSON." } },
  teaching: {
    details: [
      "Looks at the session, the role, the repositories, the package managers' files, the environment and the security key, and names a remedy for what is wrong. Run it in the folder where the package manager fails. It changes nothing and shows no token.",
    ],
    examples: [["vouch doctor", "Check everything, in this folder."]],
  },
  async run({ args }) {
    const patient: Patient = {
      env: process.env,
      cwd: process.cwd(),
      home: homeFolder(),
      settings: loadSettings(),
      agent: await askStatus(),
      now: Date.now() / 1000,
    };
    const results: { section: string; findings: Finding[] }[] = [];
    for (const { title, check } of sections) {
      const findings = await check(patient);
      results.push({ section: title, findings });
      if (!args.json) show(title, findings);
    }
    const all = results.flatMap(({ findings }) => findings);
    const failures = all.filter(({ status }) => status === "fail").length;
    const warnings = all.filter(({ status }) => status === "warn").length;
    if (args.json) printJson({ ok: failures === 0, sections: results });
    else print(bold(summary(failures, warnings)));
    return failures === 0 ? 0 : 1;
  },
});

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

function summary(failures: number, warnings: number): string {
  if (failures === 0 && warnings === 0) return "Everything is in order.";
  const counts = [
    ...(failures > 0 ? [`${failures} ${failures === 1 ? "thing is" : "things are"} broken`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? "thing needs" : "things need"} a look`] : []),
  ];
  return `${counts.join(", ")}.`;
}
