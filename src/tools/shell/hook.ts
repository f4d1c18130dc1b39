/**
 * The hook of a shell: lines for its start file that put the shims folder first on PATH, and again at each prompt,
 * whatever nvm, conda, mise, direnv and the like have done to PATH. The shell runs them by itself: no process.
 */
import { dialectOf, quotedIn } from "./dialects.ts";

interface Hook {
  /** The lines, for the folder as a quoted word of the shell. Each begins as `isHookLine` knows it. */
  lines: (folder: string) => string[];
  /** The line that gets the lines from `vouch hook`. */
  byCommand: string;
}

/**
 * For bash and zsh: takes the folder from wherever it is on PATH and puts it first; empty entries stay. The syntax is
 * POSIX, for ~/.profile is read by other shells, too. What runs at each prompt is one `case`.
 */
function posixFunctions(status: { same: string; left: string }, last: string): string[] {
  const first = [
    '_vouch_first() { local rest=:${PATH-}: IFS=" ";',
    'while case $rest in *:"$_vouch_shims":*) ;; *) false ;; esac; do',
    'rest=${rest%%:"$_vouch_shims":*}:${rest#*:"$_vouch_shims":}; done; rest=${rest#:}; rest=${rest%:};',
    `PATH=$_vouch_shims\${rest:+:$rest}; ${last}; return $1; }`,
  ];
  return [
    first.join(" "),
    `_vouch_hook() { case \${PATH-} in "$_vouch_shims":*) ${status.same} ;; *) _vouch_first ${status.left} ;; esac; }`,
  ];
}

const zshEvents = ["precmd", "preexec", "chpwd"];

const hooks: Record<string, Hook> = {
  /**
   * The function returns the status that it finds, for what follows it in PROMPT_COMMAND; `&&` behind the call keeps
   * `set -e` and a trap for ERR from taking that for a failure. Its name is in a variable that is not exported: where a
   * shell without the start file has inherited PROMPT_COMMAND, nothing fails. A line end separates from whatever PROMPT_COMMAND ends with; as text, it is element 0
   * of the array. The functions of chpwd are mise's and rvm's; whoever has changed PATH is behind ours there: again last.
   */
  bash: {
    byCommand: 'eval "$(vouch hook bash)"',
    lines: (folder) => [
      `_vouch_shims=${folder} _vouch_hook=_vouch_hook`,
      ...posixFunctions(
        { same: "return", left: "$?" },
        `[ -z "\${chpwd_functions-}" ] || eval 'chpwd_functions=(\${chpwd_functions[@]/#_vouch_hook/} _vouch_hook)'`,
      ),
      [
        "_vouch_hook && export PATH; case $-${BASH_VERSION:+bash} in *i*bash) export VOUCH_HOOK=$$;",
        'PROMPT_COMMAND=${PROMPT_COMMAND-}; case "${PROMPT_COMMAND[*]}" in *_vouch_hook*) ;;',
        '?*) if [ "${#PROMPT_COMMAND[@]}" -gt 1 ]; then PROMPT_COMMAND[${#PROMPT_COMMAND[@]}]=\'"${_vouch_hook-:}" && :\';',
        "else PROMPT_COMMAND=$PROMPT_COMMAND$'\\n''\"${_vouch_hook-:}\" && :'; fi ;;",
        "*) PROMPT_COMMAND='\"${_vouch_hook-:}\" && :' ;; esac ;; esac",
      ].join(" "),
    ],
  },
  // preexec comes after every precmd, chpwd within a line. Whoever has changed PATH is behind ours there: again last.
  zsh: {
    byCommand: 'eval "$(vouch hook zsh)"',
    lines: (folder) => [
      `_vouch_shims=${folder}; typeset -ga ${zshEvents.map((name) => `${name}_functions`).join(" ")}`,
      `_vouch_last() { ${zshEvents.map((name) => `${name}_functions=(\${${name}_functions[@]:#_vouch_hook} _vouch_hook)`).join("; ")}; }`,
      ...posixFunctions({ same: "return 0", left: "0" }, "_vouch_last"),
      "_vouch_last; _vouch_hook && export PATH VOUCH_HOOK=$$",
    ],
  },
  // By event and not by `--on-variable`: that would see PATH of a block, too, and make it everyone's.
  fish: {
    byCommand: "vouch hook fish | source",
    lines: (folder) => [
      `set -g _vouch_shims ${folder}`,
      [
        "function _vouch_hook --on-event fish_prompt --on-event fish_preexec;",
        'test "$PATH[1]" = "$_vouch_shims"; and return; set -l rest $PATH;',
        'while set -l place (contains -i -- "$_vouch_shims" $rest); set -e rest[$place]; end;',
        "set -gx PATH $_vouch_shims $rest; end",
      ].join(" "),
      "_vouch_hook; set -gx VOUCH_HOOK $fish_pid",
    ],
  },
  // Nushell evaluates no text; after config.nu it reads what is in this folder.
  nu: {
    byCommand:
      "mkdir $nu.user-autoload-dirs.0; vouch hook nu | save --force ($nu.user-autoload-dirs.0 | path join vouch.nu)",
    lines: (folder) => [
      `let _vouch_shims = ${folder}`,
      [
        "let _vouch_hook = {|| let path = ($env.PATH | split row (char esep));",
        "if ($path | get 0?) != $_vouch_shims",
        "{ $env.PATH = ($path | where {|each| $each != $_vouch_shims } | prepend $_vouch_shims) } }",
      ].join(" "),
      [
        "do --env $_vouch_hook; if $env.VOUCH_HOOK? != $'($nu.pid)' { $env.VOUCH_HOOK = $'($nu.pid)';",
        "$env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt? | default [] | append $_vouch_hook);",
        "$env.config.hooks.pre_execution = ($env.config.hooks.pre_execution? | default [] | append $_vouch_hook) }",
      ].join(" "),
    ],
  },
  // The prompt before ours runs first: it still sees `$?`, and may change PATH itself.
  pwsh: {
    byCommand: "vouch hook pwsh | Out-String | Invoke-Expression",
    lines: (folder) => [
      `$global:_vouch_shims = ${folder}`,
      [
        "function global:_vouch_hook { $mark = [IO.Path]::PathSeparator;",
        'if (-not "$env:PATH$mark".StartsWith("$_vouch_shims$mark", [StringComparison]::Ordinal))',
        '{ $env:PATH = (@($_vouch_shims) + @("$env:PATH".Split($mark) -cne $_vouch_shims)) -join $mark } }',
      ].join(" "),
      [
        '_vouch_hook; if ($env:VOUCH_HOOK -ne "$PID") { $env:VOUCH_HOOK = "$PID";',
        "$global:_vouch_prompt = $function:prompt; function global:prompt { & $global:_vouch_prompt; _vouch_hook } }",
      ].join(" "),
    ],
  },
};

/** The shells that have a hook. */
export const hookShells: readonly string[] = Object.keys(hooks);

/** A line of any hook. */
const anyHookLine = /^(set -g |function (global:)?|let |do --env \$|\$global:)?_vouch_/;

/** The hook's lines for the folder; undefined for a shell without one. */
export function hookLines(shell: string, folder: string): string[] | undefined {
  const name = dialectOf(shell);
  return Object.hasOwn(hooks, name) ? hooks[name]!.lines(quotedIn(name, folder)) : undefined;
}

/** The line that a user adds by hand to get the hook from `vouch hook`; undefined for a shell without one. */
export function hookCommand(shell: string): string | undefined {
  const name = dialectOf(shell);
  return Object.hasOwn(hooks, name) ? hooks[name]!.byCommand : undefined;
}

/** Whether the line is one of a hook, of any shell. */
export function isHookLine(line: string): boolean {
  return anyHookLine.test(line);
}
