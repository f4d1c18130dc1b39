/** Decides how npm gets its tokens: by the pipe, else by variables, with a line that says who can read those. */
import type { Environment } from "../../../base/environment.ts";
import type { Purpose } from "../../../base/purpose.ts";
import type { OneShot } from "../../../helper/one-shot.ts";
import { complain } from "../../../helper/output.ts";
import { type NpmCommand, valuesOf } from "../command-line/commands.ts";
import { type Guarded, readSettings, userFiles } from "../guard/guard.ts";
import { exposed, Exposure, exposureBy } from "./exposure.ts";
import { type Piped, pipeTokens } from "./pipe.ts";
import { npmProgram } from "./program.ts";

/** Majors whose releases were seen to read the pipe to its end at their start, before code of packages. */
const emptiesPipe = /^(?:9|10|11|12)\./;

export interface NpmHandOver {
  env: Environment;
  variables: Record<string, string>;
  readings: NpmCommand[];
  purpose: Purpose;
  guarded: Guarded;
}

/** The environment for the npm at `file`, and the pipe, which is to be used at once. */
export async function pipeToNpm(file: string, request: NpmHandOver): Promise<{ env: Environment; shot?: OneShot }> {
  const piped = pipeFor(file, request);
  if (!(piped instanceof Exposure)) return piped;
  const { env, line } = await exposed(piped, { ...request, tool: "npm" });
  complain(line);
  return { env };
}

function pipeFor(file: string, { env, variables, readings, guarded }: NpmHandOver): Piped | Exposure {
  const exposure = exposureBy(guarded.stronger);
  if (exposure !== undefined) return exposure;
  if (readings.some(({ given }) => given.has("globalconfig"))) {
    return new Exposure("--globalconfig is taken before the pipe.", "Set npm_config_globalconfig in its place.");
  }
  const user = readSettings(userFiles({ env, userConfigs: valuesOf(readings, "userconfig") }).user, env);
  const program = npmProgram(file, user, env);
  if (program === undefined) {
    // Whatever stands on PATH under npm's name: code of packages may have put it there.
    return new Exposure(`${file} does not say which npm it is.`, "`vouch exec -- npm …` trusts it.", true);
  }
  if (!emptiesPipe.test(program.version)) {
    return new Exposure(`${file} is npm ${program.version}.`, "From npm 9 to 12 Vouch keeps it from them.");
  }
  return pipeTokens({ env: guarded.bare!, variables, globalConfig: program.globalConfig, user });
}
