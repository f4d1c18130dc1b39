/** Cargo: do the registries of the config.toml files name a configured repository, and Vouch as credential provider? */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { classify, codeArtifactRemedy, setupCommand } from "./endpoint.ts";
import { ancestors, readSmallFile, readTomlFile, tableOf } from "./files.ts";
import { failure, type Finding, ok, type Patient, warning } from "./finding.ts";

interface CargoRegistry {
  name: string;
  /** The file that says the index. */
  path: string;
  index: string;
  /** The effective credential provider: path and arguments. */
  provider: string[] | undefined;
}

/** Findings on the registries that Cargo knows in this folder. */
export function checkCargo(patient: Patient): Finding[] {
  const { settings } = patient;
  const { registries, broken } = cargoRegistries(patient);
  const findings: Finding[] = broken.map((path) => failure("cargo-config", `${path} is not TOML.`, `Correct ${path}.`));
  for (const registry of registries) findings.push(...checkRegistry(registry, patient));
  findings.push(...sameIndex(registries));
  const first = settings.repositories.find(({ endpoints }) => endpoints.cargo !== undefined);
  const named = registries.some(({ index }) => classifyIndex(index, patient).kind === "configured");
  if (first && !named) {
    const found = "No config.toml of Cargo names a repository that Vouch is set up for.";
    findings.push(failure("cargo-registry", found, setupCommand(first, "cargo")));
  }
  return findings;
}

function classifyIndex(index: string, { settings }: Patient): ReturnType<typeof classify> {
  return classify(index.replace(/^sparse\+/, ""), "cargo", settings);
}

function checkRegistry({ name, path, index, provider }: CargoRegistry, patient: Patient): Finding[] {
  const found = classifyIndex(index, patient);
  const said = `Cargo's registry ${name} is ${index} (${path})`;
  if (found.kind === "other") {
    const expected = patient.settings.repositories.find(({ registryName }) => registryName === name);
    if (!expected?.endpoints.cargo) return [];
    const remedy = `Delete it there: Vouch is set up for ${expected.endpoints.cargo} under this name.`;
    return [failure("cargo-registry", `${said}, which is not your repository.`, remedy)];
  }
  if (found.kind === "codeartifact") {
    const remedy = codeArtifactRemedy(found, "cargo", ` --registry-name ${name}`);
    return [failure("cargo-registry", `${said}, a repository that Vouch is not set up for.`, remedy)];
  }
  const executable = provider?.[0];
  if (executable === undefined || !/(^|\/)vouch$/.test(executable)) {
    const named = executable === undefined ? "no credential provider" : `the credential provider ${executable}`;
    const remedy = "vouch setup codeartifact, as the first time, with --tool cargo";
    return [failure("cargo-provider", `${said} with ${named}: Cargo does not ask Vouch for the token.`, remedy)];
  }
  if (executable.includes("/") && !existsSync(executable)) {
    const remedy = "vouch setup codeartifact, as the first time, with --tool cargo";
    return [
      failure("cargo-provider", `The credential provider of Cargo's registry ${name}, ${executable}, is gone.`, remedy),
    ];
  }
  return [ok("cargo-registry", `${said}, and asks Vouch.`)];
}

/** Cargo refuses two names for one index. */
function sameIndex(registries: CargoRegistry[]): Finding[] {
  const first = new Map<string, CargoRegistry>();
  return registries.flatMap((registry) => {
    const other = first.get(registry.index);
    if (!other) {
      first.set(registry.index, registry);
      return [];
    }
    const found = `Cargo's registries ${other.name} (${other.path}) and ${registry.name} (${registry.path}) have one index.`;
    return [warning("cargo-registry", found, "Delete one: Cargo may take the token of the other for it.")];
  });
}

/** The registries by Cargo's own precedence: environment, then the files from the folder up to the root, then CARGO_HOME. */
function cargoRegistries({ cwd, home, env }: Patient): { registries: CargoRegistry[]; broken: string[] } {
  const cargoHome = env["CARGO_HOME"] || join(home, ".cargo");
  const folders = [...ancestors(cwd).map((folder) => join(folder, ".cargo")), cargoHome];
  const broken: string[] = [];
  const registries = new Map<string, CargoRegistry>();
  for (const folder of new Set(folders)) {
    // Where both exist Cargo takes the one without an ending.
    const path = [join(folder, "config"), join(folder, "config.toml")].find(
      (name) => readSmallFile(name) !== undefined,
    );
    const table = path === undefined ? {} : readTomlFile(path);
    if (table === undefined) broken.push(path!);
    for (const [name, value] of Object.entries(tableOf(table?.["registries"]))) {
      const entry = tableOf(value);
      const known = registries.get(name);
      const provider = known?.provider ?? providerOf(entry["credential-provider"], env, name);
      const index = known?.index ?? (typeof entry["index"] === "string" ? entry["index"] : undefined);
      if (index !== undefined) registries.set(name, { name, path: known?.path ?? path!, index, provider });
    }
  }
  return { registries: [...registries.values()], broken };
}

function providerOf(value: unknown, env: Patient["env"], name: string): string[] | undefined {
  const variable = env[`CARGO_REGISTRIES_${name.toUpperCase().replaceAll("-", "_")}_CREDENTIAL_PROVIDER`];
  if (variable) return variable.split(" ");
  if (typeof value === "string") return value.split(" ");
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : undefined;
}
