/**
 * Builds the executables:
 *   bun build.ts                  dist/vouch, for this machine
 *   bun build.ts --sandbox        dist/sandbox/vouch as well: the same, but its security key is a Unix socket
 *   bun build.ts --runtime PATH   dist/vouch with another Bun in it, one that you built
 *   bun build.ts --all            dist/release: all that is published, for every target
 *   bun build.ts --target NAME    the same for one target (may be given again)
 *   bun build.ts --all --reuse    archives the executables that stand in dist/targets, once they have been signed
 * and dist/metafile.json, which says what each chunk of dist/vouch reaches, dist/man and dist/completions.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BunPlugin } from "bun";
import type { Metafile } from "./build/bundled-packages.ts";
import { ignoringItsFolder } from "./build/compile-options.ts";
import { writeDocuments } from "./build/documents.ts";
import { hasCompiler, withFirstStage } from "./build/first-stage.ts";
import { withoutSignature } from "./build/mach-o.ts";
import { embedNodeHid } from "./build/node-hid.ts";
import { type Compiled, writeRelease } from "./build/release.ts";
import { withoutRuntimeVariables } from "./build/runtime-variables.ts";
import { targetRuntime } from "./build/runtime.ts";
import { scriptOptions } from "./build/script-options.ts";
import { readSource } from "./build/source.ts";
import { sourceId } from "./build/source-id.ts";
import { bunTarget, executableName, hostTarget, type Target, targetNamed, targets } from "./build/targets.ts";
import { workFolder } from "./build/work-folder.ts";

const root = import.meta.dir;

/** The sandbox's security key: HID reports over a Unix socket. Chosen here, so that nothing can swap it at run time. */
const socketInsteadOfHid: BunPlugin = {
  name: "socket-instead-of-hid",
  setup(build) {
    build.onResolve({ filter: /\/node-hid\.ts$/ }, () => ({ path: join(root, "test/authenticator/transport.ts") }));
  },
};

/**
 * Compiles the executable; `firstStage` is the architecture of the one that it gets, if any. It is made whole in the work
 * folder and renamed into place: a program that starts it meanwhile gets the old one or the new one, and no writer finds
 * it busy.
 */
async function compile(
  outfile: string,
  plugin: BunPlugin,
  runtime: { target?: Bun.Build.CompileTarget; executablePath: string },
  firstStage: Target["arch"] | undefined,
): Promise<Metafile> {
  const made = join(work, basename(outfile));
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    root: join(root, "src"),
    target: "bun",
    format: "esm",
    splitting: true,
    minify: true,
    bytecode: true,
    metafile: true,
    plugins: [plugin],
    // For `vouch --version --json` and `vouch doctor`: src/base/build-info.ts.
    define: { VOUCH_HAS_FIRST_STAGE: String(firstStage !== undefined), VOUCH_BUILD: JSON.stringify(sourceId(root)) },
    compile: {
      ...runtime,
      outfile: made,
      // A company's root CA is often in the system's store only. An option, because the variable's name is blanked.
      execArgv: ["--use-system-ca"],
      ...ignoringItsFolder,
    },
  });
  if (firstStage !== undefined) {
    writeFileSync(made, withFirstStage(readFileSync(made), firstStage));
  }
  renameSync(made, join(root, outfile));
  console.log(`built ${outfile}`);
  return result.metafile!;
}

/** Writes the runtime as it goes into the executables, deaf to its own variables, and says where. */
function preparedRuntime(path: string, name: string): string {
  const prepared = join(work, `runtime-${name}`);
  writeFileSync(prepared, withoutRuntimeVariables(readFileSync(path)).file, { mode: 0o755 });
  return prepared;
}

/** Compiles the target under dist/targets, or takes what stands there. */
async function compileTarget(target: Target, reuse: boolean): Promise<Compiled> {
  const folder = join("dist/targets", target.name);
  const executable = join(folder, executableName(target));
  const metafilePath = join(root, folder, "metafile.json");
  if (!reuse) {
    mkdirSync(join(root, folder), { recursive: true });
    const executablePath = preparedRuntime(targetRuntime(target, join(root, ".tools/runtimes")), target.name);
    const runtime = { target: bunTarget(target), executablePath };
    const firstStage = target.platform === "linux" ? target.arch : undefined;
    const metafile = await compile(executable, embedNodeHid(target), runtime, firstStage);
    writeFileSync(metafilePath, JSON.stringify(metafile));
    if (target.name === "darwin-x64") {
      const path = join(root, executable);
      writeFileSync(path, withoutSignature(readFileSync(path)));
    }
  } else if (!existsSync(metafilePath)) {
    throw new Error(`--reuse needs ${folder}: build without it first`);
  }
  const metafile = JSON.parse(readFileSync(metafilePath, "utf8")) as Metafile;
  return { target, executable: join(root, executable), metafile };
}

/**
 * The architecture of the first stage for this machine; undefined where there is none. Without a C compiler the executable
 * is whole, and its helpers start as slowly as on other systems. In CI that is an error.
 */
function hostFirstStage(): Target["arch"] | undefined {
  const { platform, arch } = hostTarget();
  if (platform !== "linux" || hasCompiler(arch)) return platform === "linux" ? arch : undefined;
  const words = "no C compiler (cc, gcc or clang) is on PATH: built without the native first stage of helpers";
  if (process.env["CI"] === "true") throw new Error(words);
  console.warn(words);
  return undefined;
}

const values = scriptOptions("npm run build [-- --sandbox] [--all | --target NAME…] [--runtime FILE] [--reuse]", {
  sandbox: { type: "boolean", default: false },
  runtime: { type: "string" },
  all: { type: "boolean", default: false },
  target: { type: "string", multiple: true, default: [] },
  reuse: { type: "boolean", default: false },
});
const released = values.all ? targets : values.target.map(targetNamed);

mkdirSync(join(root, values.sandbox ? "dist/sandbox" : "dist"), { recursive: true });
const work = workFolder(join(root, "dist"));
await writeDocuments(join(root, "dist"));
if (released.length === 0) {
  const runtime = { executablePath: preparedRuntime(values.runtime ?? process.execPath, "host") };
  const firstStage = hostFirstStage();
  const metafile = await compile("dist/vouch", embedNodeHid(hostTarget()), runtime, firstStage);
  writeFileSync(join(root, "dist/metafile.json"), JSON.stringify(metafile));
  if (values.sandbox) await compile("dist/sandbox/vouch", socketInsteadOfHid, runtime, firstStage);
} else {
  const compiled: Compiled[] = [];
  for (const target of released) compiled.push(await compileTarget(target, values.reuse));
  for (const name of await writeRelease(join(root, "dist/release"), readSource(), compiled)) {
    console.log(`wrote dist/release/${name}`);
  }
}
