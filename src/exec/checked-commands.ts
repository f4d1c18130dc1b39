/**
 * Commands whose project's files are looked at before they get a token. This table imports nothing: build/first-stage.ts
 * gives it to the first stage, which leaves all of them to the runtime.
 */

/**
 * By the command's name: who looks at the files. `javascript`, `python` and `nuget`: project-files.ts; the others their
 * shim's guard.
 */
export const checkedCommands: Readonly<Record<string, "npm" | "pnpm" | "javascript" | "python" | "nuget">> = {
  npm: "npm",
  npx: "npm",
  pnpm: "pnpm",
  pnpx: "pnpm",
  pn: "pnpm",
  pnx: "pnpm",
  yarn: "javascript",
  yarnpkg: "javascript",
  corepack: "javascript",
  bun: "javascript",
  bunx: "javascript",
  deno: "javascript",
  pdm: "python",
  pipenv: "python",
  dotnet: "nuget",
  nuget: "nuget",
  msbuild: "nuget",
};

/** Parts of the paths of pip, uv, and of interpreters that may run pip: tools/python/guard looks at their words. */
export const pythonParts = ["pip", "uv", "python"] as const;

/** Who looks at the project of the command, a name or a path; undefined for any other program. */
export function checkOf(command: string): (typeof checkedCommands)[string] | undefined {
  const name = command.slice(command.lastIndexOf("/") + 1);
  return Object.hasOwn(checkedCommands, name) ? checkedCommands[name] : undefined;
}

/** Whether it is pip, uv, or an interpreter that may run pip, by any path. */
export function mayBePython(command: string): boolean {
  return pythonParts.some((part) => command.includes(part));
}
