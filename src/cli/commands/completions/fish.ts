/** The completion script for fish. */
import type { Place } from "./words.ts";

/** Returns the script, made from every place of the command line that has completions. */
export function fishCompletions(places: readonly Place[]): string {
  const commandLines = places.filter(({ runsCommand }) => runsCommand).map(({ path }) => `${path} --`);
  return `# fish completion for vouch; made by \`vouch completions fish\`.
function __vouch_at --description 'Whether these words lead to the command that is typed'
    set -l at vouch
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" ${[...places.slice(1).map(({ path }) => path), ...commandLines].map(quoted).join(" ")}
            set at "$at $word"
        end
    end
    test "$at" = "$argv"
end
function __vouch_list --description 'The words, each after those that the value has already'
    set -l value (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before (string match -r '^.*,' -- $value)
    for word in $argv
        echo "$before$word"
    end
end
function __vouch_names --description 'Names of one\\'s own; none where one is typed, as what follows is new'
    set -l names (command vouch completions $argv 2>/dev/null)
    for word in (commandline -opc)[2..-1]
        if contains -- $word $names
            return
        end
    end
    string join \\n -- $names
end
function __vouch_command --description 'What the command line after -- has to offer'
    set -l words (commandline -opc) (commandline -ct)
    set -l start (math (contains -i -- -- $words) + 1)
    complete -C "$words[$start..-1]"
end
complete -c vouch -f
${places.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, operands, takesPath, ownNames, flags, values, runsCommand }: Place): string[] {
  const here = `complete -c vouch -n ${quoted(`__vouch_at ${path}`)}`;
  return [
    ...operands.map(({ word, description }) => `${here} -a ${quoted(word)} -d ${quoted(description)}`),
    ...(takesPath ? [`${here} -F`] : []),
    ...(ownNames === undefined ? [] : [`${here} -a '(__vouch_names ${ownNames})'`]),
    ...flags.map(({ word, description }) => {
      const value = values.find(({ spellings }) => spellings.includes(word));
      const [name, style] = word.startsWith("--") ? [word.slice(2), "-l"] : [word.slice(1), "-s"];
      const words = value?.choices.join(" ") ?? "";
      const choices =
        value?.kind === "choices" ? ` -a ${quoted(value.isList ? `(__vouch_list ${words})` : words)}` : "";
      const takes = value === undefined ? "" : value.kind === "files" ? " -r -F" : ` -x${choices}`;
      return `${here} ${style} ${name}${takes} -d ${quoted(description)}`;
    }),
    ...(runsCommand ? [`complete -c vouch -n ${quoted(`__vouch_at ${path} --`)} -a '(__vouch_command)'`] : []),
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
