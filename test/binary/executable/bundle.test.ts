import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Metafile {
  inputs: Record<string, { imports: { path: string; kind: string }[] }>;
  outputs: Record<
    string,
    {
      entryPoint?: string;
      inputs: Record<string, unknown>;
      imports: { path: string; kind: string; external?: boolean }[];
    }
  >;
}

const file = join(import.meta.dir, "../../../dist/metafile.json");
if (!existsSync(file)) throw new Error("dist/metafile.json is missing: run `npm run build`");
const metafile: Metafile = JSON.parse(readFileSync(file, "utf8"));

/** What a helper must never load: each costs more than the helper itself. */
const heavy =
  /node_modules\/(citty|consola|valibot|@smithy|@aws-sdk|node-hid|jose|cborg|@simplewebauthn)\/|^(node:)?(fs|fs\/promises|net|http|https|tls|child_process|stream)$|src\/(cli|server|settings|editing|aws|ci|vouch-client|fido|base\/net)\/|src\/agent\/(agent|server|requests|routes?|session\/\w+|tokens\/[\w-]+|wire\/(client|runtime)|job\/in-process)\.ts/;

/** Every source and every external module that a chunk reaches by static imports. */
function reach(chunk: string, seen = new Set<string>()): string[] {
  if (seen.has(chunk)) return [];
  seen.add(chunk);
  const output = metafile.outputs[chunk];
  if (output === undefined) return [chunk];
  const followed = output.imports.filter(({ kind }) => kind !== "dynamic-import");
  return [...Object.keys(output.inputs), ...followed.flatMap(({ path }) => reach(path, seen))];
}

/** The chunk that holds a source file. */
function chunkOf(source: string): string {
  const found = Object.entries(metafile.outputs).find(([, { inputs }]) =>
    Object.keys(inputs).some((input) => input.endsWith(source)),
  );
  if (found === undefined) throw new Error(`no chunk holds ${source}`);
  return found[0];
}

test.each([
  "main",
  "tools/cargo/credential-provider",
  "tools/python/keyring",
  "tools/npm/shim",
  "tools/pnpm/shim",
  "tools/pip/shim",
  "exec/exec",
  "exec/credential",
])("src/%s.ts reaches no heavy module", (source) => {
  const reached = reach(chunkOf(`src/${source}.ts`));
  expect(reached.some((input) => input.endsWith(`src/${source}.ts`))).toBe(true);
  expect(reached.filter((input) => heavy.test(input))).toEqual([]);
});

/** Every source that a source imports statically, itself included: Bun puts some into one chunk that need not be there. */
function imported(source: string, seen = new Set<string>()): Set<string> {
  const [path, input] = Object.entries(metafile.inputs).find(([name]) => name.endsWith(source)) ?? [];
  if (path === undefined || input === undefined || seen.has(path)) return seen;
  seen.add(path);
  for (const each of input.imports) if (each.kind !== "dynamic-import") imported(each.path, seen);
  return seen;
}

test("the shim of yarn, whose plugin asks in another process, imports nothing that asks the agent", () => {
  const asking =
    /node_modules\/|src\/settings\/|src\/agent\/(protocol|wire\/(question|checks|client))\.ts|helper\/ask\.ts/;
  const found = [...imported("src/tools/yarn/shim.ts")];
  expect(found.some((input) => input.endsWith("src/tools/yarn/plugin.ts"))).toBe(true);
  expect(found.filter((input) => asking.test(input))).toEqual([]);
});

test("the server loads a page only when it is asked for one", () => {
  const reached = [...imported("src/server/server.ts")];
  const pages = reached.filter((input) => /src\/server\/pages\//.test(input)).toSorted();
  expect(pages).toEqual(["src/server/pages/admin/paths.ts", "src/server/pages/routes.ts"]);
});

test("the command line does reach heavy modules, so that a helper that did would be found", () => {
  expect(reach(chunkOf("src/cli/main.ts")).some((input) => heavy.test(input))).toBe(true);
});

test("the first chunk only dispatches, and loads nothing before it is needed", () => {
  const first = metafile.outputs[chunkOf("src/main.ts")]!;
  expect(first.imports.filter(({ kind }) => kind !== "dynamic-import")).toEqual([]);
  expect(Object.keys(first.inputs).filter((input) => !input.endsWith("src/main.ts"))).toEqual([]);
});
