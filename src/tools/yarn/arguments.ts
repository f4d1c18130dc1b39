/** Which of yarn 1's commands contact a registry. */

/** Every other word is a script or a program of the project, which gets no token. */
const registryCommands =
  "install add upgrade upgrade-interactive remove outdated info publish audit create dlx global import generate-lock-entry " +
  "link unlink licenses list owner tag tags team access self-update policies";

/** Options with a value of their own word. */
const valuedOptions =
  "--cache-folder --cwd --emoji --global-folder --https-proxy --proxy --link-folder --modules-folder --mutex " +
  "--network-concurrency --network-timeout --otp --preferred-cache-folder --prefix --registry --scripts-prepend-node-path " +
  "--production --use-yarnrc --child-concurrency --tag --access --new-version --message --pattern --level --groups --depth";

export interface YarnArguments {
  /** `install` if there is none. */
  command: string;
  /** Values of `--cwd`. */
  folders: string[];
}

/** The command, and the folders that it works in. */
export function readYarnArguments(args: readonly string[]): YarnArguments {
  const folders: string[] = [];
  let command: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--") break;
    const [option, value] = word.startsWith("-") ? split(word) : [];
    if (option === undefined) command ??= word;
    else if (value === undefined && has(valuedOptions, option)) {
      const next = args[++index];
      if (option === "--cwd" && next !== undefined) folders.push(next);
    } else if (option === "--cwd" && value !== undefined) folders.push(value);
  }
  return { command: command ?? "install", folders };
}

/** Whether yarn 1 may contact a registry with these arguments. */
export function asksRegistry(args: readonly string[]): boolean {
  if (args.some((word) => /^(--version|-v|--help|-h)$/.test(word))) return false;
  return has(registryCommands, readYarnArguments(args).command);
}

function split(word: string): [string, string?] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function has(list: string, word: string): boolean {
  return list.split(" ").includes(word);
}
