/** What a shim says of a publish that names no repository: it gets no token, and which command would get one. */
import { routes, type StatusReply } from "../agent/protocol.ts";
import type { PackageFormat } from "../base/package-format.ts";
import { shellWord } from "../base/words/shell-word.ts";
import { ask } from "../helper/ask.ts";
import { complainOfText } from "../helper/output.ts";

export interface UnnamedPublish {
  /** The command as typed: `["twine", "upload", "dist/x.whl"]`. Must hold no secret. */
  words: readonly string[];
  /** How many of the words stand before the place for the option: 2 for `twine upload`. */
  at: number;
  /** What names a repository: `--repository`. */
  option: string;
  format: PackageFormat;
}

type Repository = StatusReply["repositories"][number];

/**
 * Says on stderr that the command gets no token, with the whole command for each configured repository of the format;
 * `value` is what the option takes for one, undefined where nothing would do. Says nothing without such a repository, or
 * without an agent: the command may have nothing to do with Vouch.
 */
export async function sayUnnamed(
  publish: UnnamedPublish,
  value: (repository: Repository) => string | undefined,
): Promise<void> {
  let status: StatusReply;
  try {
    status = await ask(routes.status, undefined);
  } catch {
    return;
  }
  const values = status.repositories
    .filter(({ endpoints }) => endpoints[publish.format] !== undefined)
    .flatMap((repository) => value(repository) ?? []);
  const sentence = unnamedSentence(publish, [...new Set(values)]);
  if (sentence !== undefined) complainOfText(sentence);
}

/** The sentence; undefined without a value. */
function unnamedSentence({ words, at, option }: UnnamedPublish, values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  const commands = values.map((value) => {
    const whole = words.toSpliced(at, 0, option, value);
    return `\`${whole.map(shellWord).join(" ")}\``;
  });
  const name = words.slice(0, at).join(" ");
  return `no token for \`${name}\` without ${option}: it says where to publish. Yours: ${commands.join(" or ")}.`;
}
