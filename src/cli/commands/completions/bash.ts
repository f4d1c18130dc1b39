/** The completion script for bash 3.2 (macOS) and later, with or without the package bash-completion. */
import { indented } from "./script.ts";
import type { Candidate, FlagValue, Place } from "./words.ts";
import { shellQuoted } from "../../../base/words/shell-word.ts";

/** Returns the script, for use with `source`. */
export function bashCompletions(places: readonly Place[]): string {
  const steps = places.slice(1).map(({ path }) => `${shellQuoted(path)}) at=${shellQuoted(path)} ;;`);
  const commandLines = places
    .filter(({ runsCommand }) => runsCommand)
    .map(({ path }) => `${shellQuoted(`${path} --`)}) _vouch_command $((i + 1)); return ;;`);
  const values = places.flatMap((place) => place.values.map((value) => completeValue(place.path, value)));
  const offers = places.map(
    ({ path, operands, flags, takesPath, ownNames }) =>
      `${shellQuoted(path)}) ${orElse(takesPath ? "_vouch_files" : ownNames && `_vouch_names ${ownNames}`)}_vouch_offer ${wordList(operands)} ${wordList(flags)} ;;`,
  );
  return `# bash completion for vouch; made by \`vouch completions bash\`.
_vouch() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at=vouch word i
  local IFS=$' \\t\\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$at $word" in
${indented(6, [...steps, ...commandLines])}
    esac
  done
  # The shell takes --flag=value for three words.
  if [[ $cur == = ]]; then cur=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case "$at $previous" in
${indented(4, values)}
  esac
  case "$at" in
${indented(4, offers)}
  esac
}
_vouch_offer() {
  if [[ $cur == -* || -z $1 ]]; then set -- "$2"; fi
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_vouch_choices() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_vouch_list() {
  local before=
  if [[ $cur == *,* ]]; then before=\${cur%,*},; fi
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "\${cur##*,}"))
}
_vouch_files() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
# Names of one's own, with spaces or not; asked for when Tab is pressed. None where one is typed: what follows is new.
_vouch_names() {
  local name word
  local typed=$'\\n'$(printf '%s\\n' "\${COMP_WORDS[@]:1:COMP_CWORD-1}")$'\\n'
  while IFS= read -r name; do
    printf -v word %q "$name"
    if [[ $typed == *$'\\n'"$word"$'\\n'* || $typed == *$'\\n'"$name"$'\\n'* ]]; then COMPREPLY=(); return; fi
    if [[ $word == "$cur"* || $name == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done < <(command vouch completions "$1" 2>/dev/null)
}
_vouch_command() {
  if declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif ((COMP_CWORD == $1)) && [[ $cur != */* ]]; then COMPREPLY=($(compgen -c -- "$cur"))
  else _vouch_files
  fi
}
complete -F _vouch vouch
`;
}

/** What is offered where no flag is begun. */
function orElse(command: string | undefined): string {
  return command === undefined ? "" : `[[ $cur == -* ]] || { ${command}; return; }; `;
}

function completeValue(path: string, { spellings, kind, choices, isList }: FlagValue): string {
  const pattern = spellings.map((spelling) => shellQuoted(`${path} ${spelling}`)).join("|");
  switch (kind) {
    case "choices":
      return `${pattern}) ${isList ? "_vouch_list" : "_vouch_choices"} ${shellQuoted(choices.join(" "))}; return ;;`;
    case "files":
      return `${pattern}) _vouch_files; return ;;`;
    case "nothing":
      return `${pattern}) return ;;`;
  }
}

function wordList(candidates: readonly Candidate[]): string {
  return shellQuoted(candidates.map(({ word }) => word).join(" "));
}
