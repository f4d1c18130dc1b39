/** Case "the package manager does not use Vouch": which `keyring`, `npm` and `pip` is first on PATH. */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { findAllOnPath, findIn } from "../../../../base/system/path.ts";
import { shimsFolder } from "../../../../tools/shims.ts";
import { neededShims, toolNames, tools, toolOfShim } from "../../../../tools/tools.ts";
import { setupCommand } from "../../../../tools/registry-url.ts";
import { failure, type Finding, ok, type Machine, warning } from "../../../../tools/checks/finding.ts";
import { checkHook, hookPlace, hookRemedy } from "./hook.ts";
import { checkSudo, placeOf } from "./place.ts";

/** Returns findings on the shims of the configured package managers. */
export function checkPath(machine: Machine): Finding[] {
  const names = neededShims(machine.settings, machine.env);
  const sudo = checkSudo(machine.env);
  if (sudo.length > 0) return sudo;
  if (names.length > 0 && !names.some((name) => executables(name, machine).some(isVouch))) {
    const place = placeOf(machine.env);
    const where = place === undefined ? "PATH" : `the PATH that ${place.name} gives`;
    const found = `${shimsFolder(machine.env)} is not on ${where}: ${names.join(", ")} are not Vouch's.`;
    return [failure("path", found, pathRemedy(machine))];
  }
  const lonely = checkLonelyPnpm(names, machine);
  const checked = lonely.length > 0 ? names.filter((name) => !/^pn(pm|px|x)?$/.test(name)) : names;
  const ours = checked.filter((name) => isOurs(name, machine));
  const others = checked.filter((name) => !ours.includes(name));
  const hidden = otherFindings(others, machine);
  const hook = names.length > 0 && !hidden.some(({ status }) => status === "fail") ? checkHook(machine) : [];
  return [...oursFindings(ours, machine), ...hidden, ...hook, ...lonely];
}

function isOurs(name: string, machine: Machine): boolean {
  const [first] = executables(name, machine);
  return first !== undefined && isVouch(first);
}

/** One finding for the programs of a folder that are Vouch's. */
function oursFindings(names: string[], machine: Machine): Finding[] {
  const folders = Map.groupBy(names, (name) => dirname(executables(name, machine)[0]!));
  return Array.from(folders, ([folder, [first, ...more]]) =>
    ok(
      "path",
      more.length === 0
        ? `${first} is Vouch's (${join(folder, first!)}).`
        : `${[first, ...more].join(", ")} are Vouch's (in ${folder}).`,
    ),
  );
}

/** A pnpm shim without a pnpm behind it: scripts that probe for pnpm find the shim and take it for one. */
function checkLonelyPnpm(names: string[], machine: Machine): Finding[] {
  const found = names.length > 0 ? executables("pnpm", machine) : [];
  const [ours] = found;
  if (ours === undefined || !found.every(isVouch)) return [];
  const remedy = `Where pnpm is gone for good: rm ${ours}`;
  return [warning("path", `${ours} is Vouch's, and no other pnpm is on PATH.`, remedy)];
}

/** Returns the setup command that creates and removes shim links. */
function linkRemedy(name: string, machine: Machine): string {
  const { repositories } = machine.settings;
  const [command = "vouch setup codeartifact --help"] = repositories.flatMap((repository) =>
    toolNames
      .filter((tool) => repository.files?.[tool] !== undefined)
      .filter((tool) => tools[tool].shims(machine.env, (linked) => linked === name).includes(name))
      .map((tool) => setupCommand(repository, tool)),
  );
  return command;
}

function pathRemedy({ env }: Machine): string {
  const place = placeOf(env);
  if (place !== undefined) return place.remedy(shimsFolder(env));
  if (hookPlace(env) === "here") return "PATH was changed on this line: repeat the command on a line of its own.";
  return hookRemedy(env);
}

/** One finding for each cause: those before Vouch's on PATH have one, those whose links one command makes have one. */
function otherFindings(names: string[], machine: Machine): Finding[] {
  const found = names.flatMap((name): Other[] => {
    const [first, ...rest] = executables(name, machine);
    // A package manager that is not installed needs no shim. Vouch itself provides keyring.
    if (first === undefined && name !== "keyring") return [];
    const ours = rest.find(isVouch);
    // The folder is on PATH here. A missing link means that the program was installed after the setup.
    return [{ name, first, ours, remedy: ours === undefined ? linkRemedy(name, machine) : pathRemedy(machine) }];
  });
  const environment = machine.env["VIRTUAL_ENV"];
  const isInside = ({ first }: Other): boolean =>
    environment !== undefined && environment !== "" && first?.startsWith(join(environment, "/")) === true;
  const [inside, outside] = [found.filter(isInside), found.filter((each) => !isInside(each))];
  return [
    ...Map.groupBy(outside, ({ remedy }) => remedy)
      .values()
      .map((alike) => findingOfCause(alike, machine)),
    ...inside.map(({ name, first }) => inEnvironment(name, first!, environment!)),
  ];
}

interface Other {
  name: string;
  /** The one that is found on PATH, and Vouch's behind it. */
  first: string | undefined;
  ours: string | undefined;
  remedy: string;
}

function findingOfCause(alike: Other[], { env }: Machine): Finding {
  const [{ first, ours, remedy }] = alike as [Other, ...Other[]];
  if (first === undefined && alike.length === 1) {
    return failure("path", "No keyring of Vouch is on PATH: pip, uv and PDM get no token.", remedy);
  }
  const each = alike.map(({ name, first: path }) =>
    path === undefined ? `there is no ${name}` : `${name} is ${path}`,
  );
  const said =
    ours === undefined
      ? `${each.join(", ")}, and Vouch's ${alike.length > 1 ? "are" : "is"} not on PATH`
      : `${alike.map(({ first: path }) => path).join(", ")} ${alike.length > 1 ? "stand" : "stands"} on PATH before Vouch's ${alike.length > 1 ? `in ${dirname(ours)}` : ours}`;
  const needy = alike.map(({ name }) => name).filter((name) => name === "keyring" || needsShim(name, env));
  if (needy.length === 0) return warning("path", `${said}.`, remedy);
  const subject = needy.length === alike.length ? (alike.length > 1 ? "they" : "it") : needy.join(", ");
  return failure("path", `${said}; ${subject} ${subject === "it" ? "gets" : "get"} no token of CodeArtifact.`, remedy);
}

/** Whether the package manager gets no token without the shim. */
function needsShim(name: string, env: Machine["env"]): boolean {
  const tool = toolOfShim(name, env);
  return tool === undefined || tools[tool].needsShim(name);
}

/**
 * An active virtual environment puts its own programs first, which is right for all but keyring. Its own pip skips the
 * keyring next to it; uv, and a pip from elsewhere, use the first on PATH.
 */
function inEnvironment(name: string, path: string, environment: string): Finding {
  if (name !== "keyring") {
    return ok("path", `${name} is the virtual environment's (${path}); it asks Vouch's keyring.`);
  }
  const pip = findIn(join(environment, "bin"), "pip");
  const remedy = `${pip ?? "uv pip"} uninstall keyring`;
  const said = `The virtual environment has a keyring of its own (${path})`;
  if (pip !== undefined) return warning("path", `${said}: its pip passes over that one, but uv asks it first.`, remedy);
  return failure("path", `${said}, which uv and a pip from elsewhere ask first.`, remedy);
}

/** Returns the executables of that name in PATH order; skips relative folders. */
function executables(name: string, { env }: Machine): string[] {
  return findAllOnPath(name, env);
}

function isVouch(path: string): boolean {
  const real = realpathSync(path);
  return real.endsWith("/vouch") || real === realpathSync(process.execPath);
}
