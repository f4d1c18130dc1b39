/** Archives of packages in a project that want the token of npm and pnpm; honest ones are installed and published. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Laptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { endpoint, lock, manifest } from "./files.ts";
import { pathWith, programsOf, setUpNpm, startNpmLaptop } from "../../tools/javascript/npm-laptop.ts";

let laptop: Laptop;
let count = 0;

beforeAll(async () => {
  laptop = await startNpmLaptop();
});
afterAll(() => laptop?.stop());

/** A command in a project whose `x-1.0.0.tgz` has these files. */
async function run(tool: string, command: string, files: Record<string, string>, ofProject: object = {}) {
  const folder = join(laptop.home, `${tool}-${count++}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest(ofProject));
  writeFileSync(join(folder, "x-1.0.0.tgz"), await new Bun.Archive(files, { compress: "gzip" }).bytes());
  const env = { PATH: pathWith(laptop, tool), npm_config_audit: "false", npm_config_cache: join(folder, "cache") };
  return laptop.run(command.split(" "), { cwd: folder, env });
}

const x = `http://${endpoint}x.tgz`;
const inArchive = (more: object) => ({ "package/package.json": manifest({ name: "x", ...more }) });
const bundle = inArchive({ bundleDependencies: ["a"], dependencies: { a: "1.0.0", "my-lib": "1.0.0" } });

const archives: [what: string, files: Record<string, string>, words: RegExp][] = [
  ["a dependency", inArchive({ dependencies: { x } }), /x-1\.0\.0\.tgz: .*dependencies\.x .*plain http/],
  ["a registry to publish to", inArchive({ publishConfig: { registry: x } }), /publishConfig\.registry .*plain http/],
  [
    "a proxy to publish by",
    inArchive({ publishConfig: { "https-proxy": "http://127.0.0.1:1" } }),
    /publishConfig\.https-proxy decides through whom the connection goes/,
  ],
  [
    "trust to publish with",
    inArchive({ publishConfig: { strictSsl: false } }),
    /publishConfig\.strictSsl decides whom the connection trusts/,
  ],
  [
    "a byte order mark",
    { "package/package.json": `\uFEFF${manifest({ dependencies: { x } })}` },
    /tgz: .*dependencies\.x .*plain http/,
  ],
  [
    "another manifest that is none",
    { "package/a/package.json": "{", ...inArchive({ dependencies: { x } }) },
    /tgz: .*dependencies\.x .*plain http/,
  ],
  [
    "a package that it brings along",
    { ...bundle, "package/node_modules/a/package.json": manifest({ dependencies: { x } }) },
    /tgz: .*\.json: .*plain http/,
  ],
  ["its lock file", { ...bundle, "package/npm-shrinkwrap.json": lock(x) }, /tgz: .*\.json: .*plain http/],
  ["another first folder", { "./x/package.json": manifest({ dependencies: { x } }) }, /tgz: .*\.json: .*plain http/],
];

describe.each([
  ["npm-9", "npm"],
  ["npm-11", "npm"],
  ["npm-12", "npm"],
  ["pnpm-9", "pnpm"],
  ["pnpm", "pnpm"],
  ["pnpm-12", "pnpm"],
])("an archive of a package, with %s", (tool, manager) => {
  describe.skipIf(!requires(join(programsOf(tool), manager)))("where that is installed,", () => {
    beforeAll(() => setUpNpm(laptop, { PATH: pathWith(laptop, tool) }));

    const install = manager === "npm" ? "npm install --ignore-scripts" : "pnpm add --ignore-scripts";

    test.each(archives)(
      "gets no token when it has %s",
      async (_, files, words) => {
        for (const command of [`${install} ./x-1.0.0.tgz`, `${manager} publish ./x-1.0.0.tgz`]) {
          expect((await run(tool, command, files)).stderr).toMatch(words);
        }
        const dependencies = { dependencies: { x: "file:x-1.0.0.tgz" } };
        expect((await run(tool, `${manager} install --ignore-scripts`, files, dependencies)).stderr).toMatch(words);
      },
      120_000,
    );

    test.each([
      ["on the command line", `${install} ./x-1.0.0.tgz`, {}],
      ["as a dependency", `${manager} install`, { dependencies: { x: "file:x-1.0.0.tgz" } }],
      ["to be published", `${manager} publish ./x-1.0.0.tgz`, {}],
      ["to be published, by name", `${manager} publish x-1.0.0.tgz`, {}],
    ])(
      "works when it is honest: %s",
      async (_, command, ofProject) => {
        const name = `honest-${tool}-${count}`;
        const honest = inArchive({
          name,
          ...(command.includes("publish") ? {} : { dependencies: { "my-lib": "1.0.0" } }),
        });
        const finished = await run(tool, command, honest, ofProject);
        expect(finished.stderr).not.toContain("vouch:");
        expect(finished.exitCode).toBe(0);
      },
      120_000,
    );
  });
});
