/** The completion script for zsh. */
import { indented } from "./script.ts";
import type { Candidate, FlagValue, Place } from "./words.ts";
import { shellQuoted } from "../../../base/words/shell-word.ts";

/** Returns the script, for a file `_vouch` on fpath or for `source` after compinit. */
export function zshCompletions(places: readonly Place[]): string {
  const steps = places.slice(1).map(({ path }) => `(${shellQuoted(path)}) at=${shellQuoted(path)} ;;`);
  const commandLines = places
    .filter(({ runsCommand }) => runsCommand)
    .map(({ path }) => `(${shellQuoted(`${path} --`)}) shift $i words; ((CURRENT -= i)); _normal; return ;;`);
  const values = places.flatMap((place) => place.values.map((value) => completeValue(place.path, value)));
  const offers = places.map(
    ({ path, operands, flags, takesPath, ownNames }) =>
      `(${shellQuoted(path)}) ${orElse(takesPath ? "_files" : ownNames && `_vouch_names ${ownNames}`)}operands=(${described(operands)}) flags=(${described(flags)}) ;;`,
  );
  return `#compdef vouch
# zsh completion for vouch; made by \`vouch completions zsh\`.
_vouch() {
  local at=vouch previous=\${words[CURRENT-1]} i
  local -a operands flags
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
${indented(6, [...steps, ...commandLines])}
    esac
  done
  if [[ $PREFIX == --*=* ]]; then previous=\${PREFIX%%=*}; compset -P '*='; fi
  case "$at $previous" in
${indented(4, values)}
  esac
  case "$at" in
${indented(4, offers)}
  esac
  if [[ $PREFIX == -* ]] || ((! $#operands)); then _describe -o flag flags; else _describe command operands; fi
}
_vouch_names() {
  local -a names=("\${(@f)$(command vouch completions $1 2>/dev/null)}")
  local word
  # Where one is typed, what follows is new.
  for word in "\${(@Q)words[2,CURRENT-1]}"; do
    if ((\${names[(Ie)$word]})); then return; fi
  done
  compadd -- "\${(@)names:#}"
}
if [[ $funcstack[1] == _vouch ]]; then _vouch "$@"; else compdef _vouch vouch; fi
`;
}

/** What is offered where no flag is begun. */
function orElse(command: string | undefined): string {
  return command === undefined ? "" : `[[ $PREFIX == -* ]] || { ${command}; return }; `;
}

function completeValue(path: string, { spellings, hint, kind, choices, isList }: FlagValue): string {
  const pattern = spellings.map((spelling) => shellQuoted(`${path} ${spelling}`)).join("|");
  switch (kind) {
    case "choices":
      return `(${pattern}) ${isList ? "compset -P '*,'; " : ""}compadd -- ${choices.map(shellQuoted).join(" ")}; return ;;`;
    case "files":
      return `(${pattern}) _files; return ;;`;
    case "nothing":
      return `(${pattern}) _message ${shellQuoted(hint)}; return ;;`;
  }
}

function described(candidates: readonly Candidate[]): string {
  return candidates
    .map(({ word, description }) => shellQuoted(`${word.replaceAll(":", "\\:")}:${description}`))
    .join(" ");
}
