/** Becomes twine with its password in a pipe: for the shim, and for `vouch exec -- twine upload`. */
import type { Environment } from "../../base/environment.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import type { Upload } from "../python/upload.ts";
import { parseTwine } from "./command-line.ts";
import { keyringVariables, passwordText } from "./keyring-module.ts";

/**
 * The upload that these variables of the agent's (`TWINE_REPOSITORY_URL`, `TWINE_PASSWORD`) are for; undefined if the
 * arguments are another command, or if the person's own arguments or variables say where or by which password to upload.
 */
export function uploadByVariables(
  args: readonly string[],
  twine: Readonly<Record<string, string>>,
  env: Environment,
): Upload | undefined {
  const { TWINE_REPOSITORY_URL: url, TWINE_PASSWORD: token } = twine;
  const target = parseTwine(args, env);
  if (target === undefined || target.hasCredentials || url === undefined || token === undefined) return undefined;
  const isOwn = ["TWINE_REPOSITORY", ...Object.keys(twine)].some((name) => env[name] !== undefined);
  return isOwn ? undefined : { url, token };
}

/** Replaces this process by twine; the exit code where it is a child. Throws `agent_untrusted`, `file_error`, as `become`. */
export function becomeTwine(file: string, args: string[], upload: Upload, env: Environment): Promise<number> {
  // A password in a variable, an empty one, too, would come before that of the pipe.
  const { TWINE_PASSWORD: _other, ...others } = env;
  return becomeWithText(file, args, passwordText(upload), (path) => ({
    ...others,
    TWINE_USERNAME: "aws",
    TWINE_REPOSITORY_URL: upload.url,
    ...keyringVariables(path, env),
  }));
}
