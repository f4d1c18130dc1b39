/** npm, pnpm, yarn, bun and deno: their shims give them the token. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { npmProject } from "../../binary/projects.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Desk } from "../desk.ts";
import type { Driver } from "../cell.ts";
import { foreignEndpoint } from "../others.ts";

export interface NpmClient {
  /** What setup calls it, and the program. */
  tool: string;
  program: string;
  /** The folders of Node.js and of its own programs, in the order of PATH. */
  folders: string[];
  /** Files of the home folder that its user has already; without them an `.npmrc`. */
  own?: Record<string, string>;
  env?: (desk: Desk) => Record<string, string>;
  /** What comes before each command: `vouch exec --`. */
  before?: string[];
  /** Each command of a publication, in its order; and what the last one needs besides where it wants a touch. */
  publish?: string[][];
  byTouch?: string[];
  install: string[];
  /** A second installation from the lock file alone, without caches. */
  again?: string[];
  /** Set up for the packages of one scope. */
  scoped?: true;
  /** Files of each project, beside its package.json, and of one that takes packages of the scope @other elsewhere. */
  files?: Record<string, string>;
  foreignFiles?: Record<string, string>;
}

const ownNpmrc = { ".npmrc": "; mine\nfund=false\nprogress=false ; quiet\n" };
const foreignNpmrc = { ".npmrc": `@other:registry=${foreignEndpoint("npm")}\n` };

/** A package manager of npm's packages; without `publish` somebody else has published the private one. */
export function npmClient({ tool, program, folders, before = [], publish, byTouch, ...client }: NpmClient): Driver {
  const nameOf = (desk: Desk): string => (client.scoped ? `@acme/${desk.package}` : desk.package);
  const command = (words: string[]): string[] => [...before, program, ...words];
  return {
    format: "npm",
    setup: ["--tool", tool, ...(client.scoped ? ["--scope", "@acme"] : [])],
    own: client.own ?? ownNpmrc,
    async prepare(desk) {
      desk.addToPath(folders);
      Object.assign(desk.env, client.env?.(desk));
      const node = await desk.run(["node", "--version"]);
      return `${program} ${(await desk.run([program, "--version"])).trim().split("\n")[0]} on Node ${node.trim()}`;
    },
    ...(publish && {
      async publish(desk: Desk) {
        const lib = npmProject(desk.project("lib", client.files ?? {}), nameOf(desk));
        for (const words of publish.slice(0, -1)) await desk.run(command(words), { cwd: lib });
        await desk.publish(command([...publish.at(-1)!, ...(desk.byTouch ? (byTouch ?? []) : [])]), { cwd: lib });
      },
      publishedAt: nameOf,
    }),
    async install(desk) {
      const name = nameOf(desk);
      const foreign = `@other/${desk.foreign}`;
      const says = (text: string) => ({ "index.js": `module.exports = "hello from ${text}";\n` });
      await seedPackage(desk.office.others.registries, "npm", {
        name: foreign,
        version: "1.0.0",
        files: says("elsewhere"),
      });
      if (publish === undefined)
        await seedPackage(desk.office.laptop.sandbox.registries, "npm", { name, version: "1.0.0", files: says(name) });
      const dependencies = { [name]: "^1.0.0", [foreign]: "^1.0.0" };
      const app = desk.project("app", {
        "package.json": JSON.stringify({ name: "app", version: "1.0.0", private: true, dependencies }),
        ...client.files,
        ...(client.foreignFiles ?? foreignNpmrc),
      });
      await desk.run(command(client.install), { cwd: app });
      await expectInstalled(desk, app, name, foreign);
      if (client.again) {
        rmSync(join(app, "node_modules"), { recursive: true });
        await desk.run(command(client.again), { cwd: app });
        await expectInstalled(desk, app, name, foreign);
      }
      desk.expectFetched("npm", /\.tgz$/);
      desk.expectForeignAsked();
    },
  };
}

/** Throws unless both packages can be required in the project. */
async function expectInstalled(desk: Desk, app: string, name: string, foreign: string): Promise<void> {
  if (!existsSync(join(app, "node_modules"))) throw new Error("there is no node_modules");
  const shown = await desk.run(["node", "-p", `[require("${name}"), require("${foreign}")].join()`], { cwd: app });
  desk.expect("the packages", shown, `hello from ${name},hello from elsewhere`);
}
