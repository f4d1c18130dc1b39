/**
 * Doctor's checks of Cargo: whether the registries of the config.toml files name a configured repository, with Vouch as
 * credential provider.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ancestors } from "../../base/process/ancestors.ts";
import { decisiveConfigs } from "./project/project-network.ts";
import { shown } from "./project/shown.ts";
import { classify, codeArtifactRemedy, setupCommand } from "../registry-url.ts";
import { readSmallFile, readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { failure, type Finding, ok, type Machine } from "../checks/finding.ts";
import { shellWord } from "../../base/words/shell-word.ts";

/** A value, and the file or variable that sets it. */
interface Said<T> {
  value: T;
  where: string;
}

interface CargoRegistry {
  name: string;
  index: Said<string>;
  /** The credential provider in each file, the effective one first. */
  providers: Said<string | string[]>[];
}

/** Findings on the registries that Cargo sees in this folder. */
export async function checkCargo(machine: Machine): Promise<Finding[]> {
  const { settings } = machine;
  const { registries, broken } = cargoRegistries(machine);
  const findings: Finding[] = broken.map((path) => failure("cargo-config", `${path} is not TOML.`, `Correct ${path}.`));
  const ours = registries.filter(({ index }) => classifyIndex(index.value, machine).kind === "configured");
  for (const registry of registries) findings.push(...checkRegistry(registry, machine));
  findings.push(...registries.flatMap(mixedProviders), ...sameIndex(registries, machine));
  const first = settings.repositories.find(({ endpoints }) => endpoints.cargo !== undefined);
  if (first && ours.length === 0) {
    const found = "No config.toml of Cargo names a repository that Vouch is set up for.";
    findings.push(failure("cargo-registry", found, setupCommand(first, "cargo")));
  }
  if (ours.length > 0) findings.push(...(await checkNetwork(machine)));
  return findings;
}

/** The project's own configuration must not decide where a token goes, unless the user trusts it. */
async function checkNetwork({ cwd, env }: Machine): Promise<Finding[]> {
  return (await decisiveConfigs([cwd], env)).map(({ file, why, config, isTrusted }) => {
    const said = shown(`${file} ${why}`);
    return isTrusted
      ? ok("cargo-network", `${said}, which you trust for reading packages.`)
      : failure(
          "cargo-network",
          `${said}: Vouch gives Cargo no token here.`,
          `Look at the file; if it is right: vouch trust ${shellWord(shown(config.folder))}`,
        );
  });
}

function classifyIndex(index: string, { settings }: Machine): ReturnType<typeof classify> {
  return classify(index.replace(/^sparse\+/, ""), "cargo", settings);
}

function checkRegistry(registry: CargoRegistry, machine: Machine): Finding[] {
  const { name, index, providers } = registry;
  const found = classifyIndex(index.value, machine);
  const said = `Cargo's registry ${name} is ${index.value} (${index.where})`;
  if (found.kind === "other") {
    const expected = machine.settings.repositories.find(({ registryName }) => registryName === name);
    if (!expected?.endpoints.cargo) return [];
    const remedy = `Delete it there: Vouch is set up for ${expected.endpoints.cargo} under this name.`;
    return [failure("cargo-registry", `${said}, which is not your repository.`, remedy)];
  }
  if (found.kind === "codeartifact") {
    const remedy = codeArtifactRemedy(found, "cargo", ` --registry-name ${name}`);
    return [failure("cargo-registry", `${said}, a repository that Vouch is not set up for.`, remedy)];
  }
  const again = "vouch setup codeartifact, as the first time, with --tool cargo";
  const asksOther = (provider: string, remedy: string): Finding[] => [
    failure("cargo-provider", `${said} with ${provider}: Cargo does not ask Vouch for the token.`, remedy),
  ];
  const [effective] = providers;
  if (effective === undefined) return asksOther("no credential provider", again);
  const executable = wordsOf(effective.value)[0] ?? "";
  if (!isVouch(executable)) {
    const hasOurs = providers.some(({ value }) => isVouch(wordsOf(value)[0] ?? ""));
    return asksOther(`the credential provider ${executable} (${effective.where})`, hasOurs ? without(registry) : again);
  }
  if (executable.includes("/") && !existsSync(executable)) {
    return [
      failure("cargo-provider", `The credential provider of Cargo's registry ${name}, ${executable}, is gone.`, again),
    ];
  }
  return [ok("cargo-registry", `${said}, and asks Vouch.`)];
}

/** The remedy against a provider that precedes Vouch: removing it, or a variable, which precedes all files. */
function without({ name, providers }: CargoRegistry): string {
  const [effective] = providers;
  const vouch = providers.map(({ value }) => wordsOf(value)[0] ?? "").find(isVouch);
  if (effective!.where.startsWith("CARGO_")) return `unset ${effective!.where}`;
  return `Delete credential-provider from ${effective!.where}, or, where you must not: export ${variableOf(name, "CREDENTIAL_PROVIDER")}=${vouch}`;
}

/** Cargo does not start if one file has the provider as a string and another as an array. */
function mixedProviders({ name, providers }: CargoRegistry): Finding[] {
  const inFiles = providers.filter(({ where }) => !where.startsWith("CARGO_"));
  const string = inFiles.find(({ value }) => typeof value === "string");
  const array = inFiles.find(({ value }) => typeof value !== "string");
  if (!string || !array) return [];
  const found = `Cargo does not start: credential-provider of the registry ${name} is a string in ${string.where} and an array in ${array.where}.`;
  // The user's file comes last.
  const own = inFiles.at(-1)!;
  const remedy =
    typeof own.value === "string"
      ? `Delete the line from ${array.where}, or write it there as a string: credential-provider = ${JSON.stringify(wordsOf(own.value).join(" "))}`
      : "vouch setup codeartifact, as the first time, with --tool cargo: it writes a string, which Cargo merges with the other";
  return [failure("cargo-provider", found, remedy)];
}

/** Cargo finds no provider for an index with two names. */
function sameIndex(registries: CargoRegistry[], machine: Machine): Finding[] {
  const first = new Map<string, CargoRegistry>();
  return registries.flatMap((registry) => {
    const other = first.get(registry.index.value);
    if (!other) {
      first.set(registry.index.value, registry);
      return [];
    }
    const found = `Cargo's registries ${other.name} (${other.index.where}) and ${registry.name} (${registry.index.where}) have one index, which Cargo refuses.`;
    return [failure("cargo-registry", found, remedyFor([other, registry], machine))];
  });
}

/** Renames Vouch's registry to the name that the project needs; if neither is Vouch's, one must go. */
function remedyFor(pair: [CargoRegistry, CargoRegistry], { settings }: Machine): string {
  const ours = settings.repositories.find(({ registryName, endpoints }) =>
    pair.some(({ name, index }) => name === registryName && index.value === `sparse+${endpoints.cargo}`),
  );
  const other = pair.find(({ name }) => name !== ours?.registryName);
  return ours && other
    ? `${setupCommand(ours, "cargo")} --registry-name ${other.name}`
    : `Delete one of them: ${pair.map(({ index }) => index.where).join(" or ")}`;
}

/**
 * Whether Cargo uses the token of a variable `CARGO_REGISTRIES_NAME_TOKEN` for a repository of ours: only if the
 * registry has no provider of its own, or `cargo:token`; with any other, Cargo ignores it and warns.
 */
export function takesToken(variable: string, machine: Machine): boolean {
  const { env, settings } = machine;
  const stem = variable.replace(/_TOKEN$/, "");
  const registry = cargoRegistries(machine).registries.find(({ name }) => variableOf(name, "TOKEN") === variable);
  const index = env[`${stem}_INDEX`] ?? registry?.index.value;
  const isOurs =
    index === undefined
      ? settings.repositories.some(({ registryName = "" }) => variableOf(registryName, "TOKEN") === variable)
      : classifyIndex(index, machine).kind === "configured";
  const provider = env[`${stem}_CREDENTIAL_PROVIDER`] || registry?.providers[0]?.value;
  return isOurs && (!provider || wordsOf(provider)[0] === "cargo:token");
}

/**
 * The registries by Cargo's precedence: environment, then the files from the folder up to the root, then CARGO_HOME.
 */
function cargoRegistries({ cwd, home, env }: Machine): { registries: CargoRegistry[]; broken: string[] } {
  const cargoHome = env["CARGO_HOME"] || join(home, ".cargo");
  const folders = [...ancestors(cwd).map((folder) => join(folder, ".cargo")), cargoHome];
  const broken: string[] = [];
  const found = new Map<string, { index?: Said<string>; providers: CargoRegistry["providers"] }>();
  for (const folder of new Set(folders)) {
    // Cargo prefers the file without an extension.
    const path = [join(folder, "config"), join(folder, "config.toml")].find(
      (name) => readSmallFile(name) !== undefined,
    );
    const table = path === undefined ? {} : readTomlFile(path);
    if (table === undefined) broken.push(path!);
    for (const [name, value] of Object.entries(tableOf(table?.["registries"]))) {
      const entry = tableOf(value);
      const known = found.get(name) ?? { providers: providersOf(name, env) };
      const provider = providerOf(entry["credential-provider"]);
      if (provider !== undefined) known.providers.push({ value: provider, where: path! });
      if (typeof entry["index"] === "string") known.index ??= { value: entry["index"], where: path! };
      found.set(name, known);
    }
  }
  const registries = [...found].flatMap(([name, { index, providers }]) => (index ? [{ name, index, providers }] : []));
  return { registries, broken };
}

/** The provider of the environment, which precedes those of all files. */
function providersOf(name: string, env: Machine["env"]): CargoRegistry["providers"] {
  const where = variableOf(name, "CREDENTIAL_PROVIDER");
  const value = env[where];
  return value ? [{ value, where }] : [];
}

function variableOf(name: string, key: string): string {
  return `CARGO_REGISTRIES_${name.toUpperCase().replaceAll("-", "_")}_${key}`;
}

function providerOf(value: unknown): string | string[] | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : undefined;
}

function wordsOf(value: string | string[]): string[] {
  return typeof value === "string" ? value.split(/\s+/).filter(Boolean) : value;
}

function isVouch(program: string): boolean {
  return /(^|\/)vouch$/.test(program);
}
