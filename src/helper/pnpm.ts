/**
 * `pnpm`, `pnpx`, `pn` and `pnx` in the shims folder: as `npm`, whose variables pnpm reads too. pnpm has a helper
 * protocol (`tokenHelper`), but it tells the helper no URL, and its line in `~/.npmrc` makes npm complain.
 */
import { exitWith } from "./output.ts";
import { tokenVariables } from "./npm.ts";
import { becomeRealCommand } from "./real-command.ts";

/**
 * Commands of pnpm 9 to 11 that may ask a registry, those that they hand to npm included. Every other word is a script
 * of the project or its program (`pnpm build`), which gets no token.
 */
const registryCommands =
  "add install i ci clean-install ic install-clean install-test it update up upgrade remove uninstall rm un uni " +
  "unlink dislink link ln dedupe fetch import prune deploy audit outdated publish unpublish stage dlx create init " +
  "patch patch-commit patch-remove self-update runtime rt with store view info show v access deprecate undeprecate " +
  "dist-tag dist-tags owner owners ping search s se find whoami profile token star stars unstar team login adduser " +
  "logout bugs issues docs home repo";

/** Words before the command that are none themselves: its forms for a workspace, and "no script of that name" (pnpm 11). */
const prefixes = "recursive multi m pm";

/** Options whose value is the next word, as pnpm reads a command line before it knows the command. */
const valuedOptions =
  "-C --dir -F --filter --filter-prod --loglevel --prefix --reporter --test-pattern --changed-files-ignore-pattern " +
  "--npmrc-auth-file --pm-on-fail --registry --cache-dir --store-dir --state-dir --lockfile-dir --modules-dir " +
  "--virtual-store-dir --global-dir --global-bin-dir --global-pnpmfile --pnpmfile --npm-path --cpu --os --libc " +
  "--child-concurrency --network-concurrency --workspace-concurrency --fetch-retries --fetch-retry-factor " +
  "--fetch-retry-maxtimeout --fetch-retry-mintimeout --fetch-timeout --https-proxy --proxy --noproxy --node-linker " +
  "--package-import-method --hoist-pattern --public-hoist-pattern --save-catalog-name --save-prefix --trust-policy";

/** Becomes the real command of that name; without a session it says so in one line and goes on without a token. */
export async function runPnpmShim(name: string, args: string[]): Promise<number> {
  try {
    const isDlx = name === "pnpx" || name === "pnx";
    const variables = isDlx || asksRegistry(args) ? await tokenVariables() : {};
    return await becomeRealCommand(name, args, { ...process.env, ...variables });
  } catch (error) {
    exitWith(error);
  }
}

/** Whether pnpm may ask a registry with these arguments. */
export function asksRegistry(args: string[]): boolean {
  const words = args.filter((word, index) => !word.startsWith("-") && !has(valuedOptions, args[index - 1] ?? ""));
  const command = words.find((word) => !has(prefixes, word));
  return command !== undefined && has(registryCommands, command);
}

function has(list: string, word: string): boolean {
  return list.split(" ").includes(word);
}
