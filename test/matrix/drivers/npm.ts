/** npm and pnpm: the shim gives them the token. */
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
  /** What comes before each command: `vouch exec --`. */
  before?: string[];
  publish: string[];
  install: string[];
  /** A second installation from the lock file alone, without caches. */
  again?: string[];
  /** Set up for the packages of one scope. */
  scoped?: true;
}

const ownNpmrc = "; mine\nfund=false\nprogress=false ; quiet\n";

/** A client that reads `.npmrc`. */
export function npmClient({ tool, program, folders, before = [], ...commands }: NpmClient): Driver {
  const nameOf = (desk: Desk): string => (commands.scoped ? `@acme/${desk.package}` : desk.package);
  const command = (words: string[]): string[] => [...before, program, ...words];
  return {
    format: "npm",
    setup: ["--tool", tool, ...(commands.scoped ? ["--scope", "@acme"] : [])],
    own: { ".npmrc": ownNpmrc },
    async prepare(desk) {
      desk.addToPath(folders);
      const node = await desk.run(["node", "--version"]);
      return `${program} ${(await desk.run([program, "--version"])).trim()} on Node ${node.trim()}`;
    },
    async publish(desk) {
      await desk.run(command(commands.publish), { cwd: npmProject(join(desk.home, "lib"), nameOf(desk)) });
    },
    publishedAt: (desk) => nameOf(desk),
    async install(desk) {
      const name = nameOf(desk);
      const foreign = `@other/${desk.foreign}`;
      const files = { "index.js": 'module.exports = "hello from elsewhere";\n' };
      await seedPackage(desk.office.others.registries, "npm", { name: foreign, version: "1.0.0", files });
      const dependencies = { [name]: "^1.0.0", [foreign]: "^1.0.0" };
      const app = desk.project("app", {
        "package.json": JSON.stringify({ name: "app", version: "1.0.0", private: true, dependencies }),
        ".npmrc": `@other:registry=${foreignEndpoint("npm")}\n`,
      });
      await desk.run(command(commands.install), { cwd: app });
      await expectInstalled(desk, app, name, foreign);
      if (commands.again) {
        rmSync(join(app, "node_modules"), { recursive: true });
        await desk.run(command(commands.again), { cwd: app });
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
