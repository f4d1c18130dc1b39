/** Case "the package manager does not use Vouch": which `keyring`, `npm` and `pip` stands first on PATH. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pathLine } from "../../config/shell-rc.ts";
import { neededShims, shimsFolder } from "../../config/shims.ts";
import { failure, type Finding, ok, type Patient, warning } from "./finding.ts";

/** Findings on the shims of the package managers that were set up. */
export function checkPath(patient: Patient): Finding[] {
  return neededShims(patient.settings).flatMap((name) => checkShim(name, patient));
}

function checkShim(name: string, patient: Patient): Finding[] {
  const found = executables(name, patient);
  const first = found[0];
  if (first !== undefined && isVouch(first)) return [ok("path", `${name} is Vouch's (${first}).`)];
  // A package manager that is not installed needs no shim; keyring is ours alone.
  if (first === undefined && name !== "keyring") return [];
  const shims = shimsFolder(patient.env);
  const remedy = `Put the folder first on PATH: ${pathLine(basename(patient.env["SHELL"] ?? ""), shims)}`;
  if (first === undefined) return [failure("path", `${shims} is not on PATH: pip finds no keyring.`, remedy)];
  const ours = found.find(isVouch);
  const said =
    ours === undefined
      ? `${shims} is not on PATH: ${name} is ${first}`
      : `${first} stands on PATH before Vouch's ${ours}`;
  const environment = patient.env["VIRTUAL_ENV"];
  if (environment && first.startsWith(join(environment, "/"))) {
    return name === "keyring"
      ? [
          failure(
            "path",
            `${said}, the virtual environment's own.`,
            `${join(environment, "bin/pip")} uninstall keyring`,
          ),
        ]
      : [ok("path", `${name} is the virtual environment's (${first}); it asks Vouch's keyring.`)];
  }
  if (name === "keyring") return [failure("path", `${said}, which has no token of CodeArtifact.`, remedy)];
  // pip asks keyring by itself when the URL has a user name; npm has no other way to the token.
  return [
    name.startsWith("pip")
      ? warning("path", `${said}.`, remedy)
      : failure("path", `${said}, which gets no token.`, remedy),
  ];
}

/** The executables of that name in the order of PATH; relative folders are passed over. */
function executables(name: string, { env }: Patient): string[] {
  return (env["PATH"] ?? "")
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isVouch(path: string): boolean {
  const real = realpathSync(path);
  return real.endsWith("/vouch") || real === realpathSync(process.execPath);
}
