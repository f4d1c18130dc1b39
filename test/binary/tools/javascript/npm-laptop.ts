/** A laptop for npm and pnpm of several years, which are in folders of .tools. */
import { join } from "node:path";
import { ended, type Laptop, registryName, startLaptop } from "../../../laptop.ts";
import { names } from "../../../sandbox/main.ts";
import { myLib, seedPackage } from "../../../sandbox/packages.ts";

const tools = join(import.meta.dir, "../../../../.tools");
/** The Node.js that the newest npm needs. */
const newNode = join(tools, `npm-12/node_modules/node-linux-${process.arch}/bin`);

/** The folder of the programs of a tool, such as `npm-11`. */
export function programsOf(tool: string): string {
  return join(tools, tool, "node_modules/.bin");
}

/** Starts a laptop that is logged in and set up, with `my-lib` in the registry. */
export async function startNpmLaptop(): Promise<Laptop> {
  const laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
  await seedPackage(laptop.sandbox.registries, "npm", myLib);
  return laptop;
}

/** PATH with the tool's programs behind the shims. */
export function pathWith(laptop: Laptop, tool: string): string {
  return [laptop.shims, programsOf(tool), newNode, laptop.env["PATH"]].join(":");
}

/** Sets the repository up once more with these variables, so that the shims are those of the tool on PATH. */
export async function setUpNpm(laptop: Laptop, env: Record<string, string>, tool = "npm"): Promise<void> {
  const repository = ["--domain", names.domain, "--repository", names.repository, "--tool", tool];
  await ended(laptop.run(["vouch", "setup", "codeartifact", ...repository], { env }));
}
