/** Options of the project's own scripts (build, demo). */
import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * The values of the options in this process's arguments. Ends the process with 2 and one line, followed by `usage`, for
 * an argument that is not among them.
 */
export function scriptOptions<T extends NonNullable<ParseArgsConfig["options"]>>(usage: string, options: T) {
  try {
    return parseArgs({ args: process.argv.slice(2), options, strict: true }).values;
  } catch (error) {
    // node:util adds an explanation of `--` after the first sentence.
    console.error(`${(error as Error).message.replace(/\. .*$/s, ".")}\nUsage: ${usage}`);
    process.exit(2);
  }
}
