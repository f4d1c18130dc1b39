/**
 * Which command lines publish: they get the token of a repository's publish role, every other one reads. By the words
 * alone, which no file of a project can change.
 */
import type { Purpose } from "../base/purpose.ts";

/** By the program's name: the commands that change a registry. */
const commands: Readonly<Record<string, string>> = {
  // npm's abbreviations of `publish` and `unpublish` are tools/npm's own.
  npm: "publish unpublish deprecate undeprecate stage star unstar",
  pnpm: "publish unpublish deprecate undeprecate stage star unstar",
  yarn: "publish npm:publish",
  bun: "publish",
  deno: "publish",
  twine: "upload",
  uv: "publish",
  pdm: "publish",
  poetry: "publish",
  hatch: "publish",
  flit: "publish",
  gem: "push yank owner",
  dotnet: "nuget:push nuget:delete",
  nuget: "push delete",
  swift: "package-registry:publish",
};

/** Commands that have commands of their own: which of those change a registry. */
const subcommands: Readonly<Record<string, string>> = {
  "dist-tag": "add set rm",
  "dist-tags": "add set rm",
  owner: "add rm",
  access: "set grant revoke",
};

/** Options with a value of their own word that may stand before the command. */
const valuedOptions: Readonly<Record<string, string>> = {
  npm: "--prefix --loglevel --userconfig --workspace -w",
  pnpm: "-C --dir --prefix -F --filter --loglevel",
  yarn: "--cwd",
  bun: "--cwd -c --config --env-file",
  uv: "--directory --project --config-file --cache-dir --color --allow-insecure-host",
  pdm: "-c --config -p --project",
  poetry: "-C --directory -P --project",
  hatch: "-e --env -p --project --data-dir --cache-dir --config",
};

const otherNames: Readonly<Record<string, string>> = {
  pn: "pnpm",
  yarnpkg: "yarn",
  mvnw: "mvn",
  mvnd: "mvn",
  gradlew: "gradle",
};

const nugetAssembly = /(^|\/)nuget(\.commandline\.xplat)?\.(exe|dll)$/i;

/** The purpose of a command line: the program's name or path, and its arguments. */
export function purposeOf(program: string, args: readonly string[]): Purpose {
  return publishes(program, args) ? "publish" : "read";
}

function publishes(program: string, args: readonly string[]): boolean {
  const base = program.slice(program.lastIndexOf("/") + 1);
  const name = otherNames[base] ?? base;
  // `python -m twine upload`, and a script that an interpreter runs: `python3 /usr/bin/pdm publish`.
  if (/^(python|pypy)[0-9.]*$/.test(name)) {
    const script = args[0] === "-m" ? args.slice(1) : args;
    return script[0] !== undefined && !script[0].startsWith("-") && publishes(script[0], script.slice(1));
  }
  // `mono /usr/lib/mono/nuget/nuget.exe push`, and what `dotnet nuget push` starts: `dotnet exec … NuGet.CommandLine.XPlat.dll push`.
  const assembly = /^(mono|dotnet)$/.test(name) ? args.findIndex((word) => nugetAssembly.test(word)) : -1;
  if (assembly >= 0) {
    const rest = args.slice(assembly + 1);
    return publishes("nuget", rest[0] === "nuget" ? rest.slice(1) : rest);
  }
  const valued = Object.hasOwn(valuedOptions, name) ? valuedOptions[name]!.split(" ") : [];
  const words = args.filter((word, at) => !word.startsWith("-") && !valued.includes(args[at - 1] ?? ""));
  if (name === "mvn")
    return words.some((word) => /^(deploy(:.*)?|.*:deploy(-file)?(@.*)?|release:perform)$/.test(word));
  if (name === "gradle") return words.some((word) => /^(.*:)?publish\w*$/.test(word) && !word.endsWith("ToMavenLocal"));
  const known = Object.hasOwn(commands, name) ? commands[name]!.split(" ") : [];
  const [first = "", second = ""] = words;
  if (known.includes(first) || known.includes(`${first}:${second}`)) return true;
  return /^p?npm$/.test(name) && (subcommands[first] ?? "").split(" ").includes(second) && second !== "";
}
