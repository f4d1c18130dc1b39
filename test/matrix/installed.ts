/** Where the programs are that `.ci/tools` installs. */
import { join } from "node:path";

export const tools = join(import.meta.dir, "../../.tools");

/** The folder of a Node.js of that major version. */
export const nodeFolder = (major: number): string =>
  join(tools, `node-${major}/node_modules/node-linux-${process.arch}/bin`);

/** The folder of the programs of an npm package, such as `npm-11`. */
export const npmPrograms = (name: string): string => join(tools, name, "node_modules/.bin");

/** The folder of the programs of a virtual environment, such as `pip-26`. */
export const pythonPrograms = (name: string): string => join(tools, name, "bin");
