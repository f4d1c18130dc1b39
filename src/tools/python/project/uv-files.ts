/** What uv reads of a project: configuration, the metadata of scripts, files with variables. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { readRegularFile } from "../../../base/system/regular-file.ts";
import type { Mention } from "./mentions.ts";
import { longOptionValues } from "./requirements.ts";
import { mentionsOfProject, mentionsOfScript, unreadable } from "./toml-files.ts";

const maxBytes = 4 << 20;

/**
 * uv reads its configuration from the project's folder or its parents, and from a script; `--directory` has already
 * changed the current folder.
 */
export function mentionsOfUv(words: readonly string[], cwd: string, env: Environment): Mention[] {
  const folder = longOptionValues(words, "--project")[0] ?? env["UV_PROJECT"] ?? "";
  const others = [...mentionsOfScripts(words.slice(1), cwd), ...mentionsOfEnvFiles(words, cwd, env)];
  if (words.includes("--no-config") || env["UV_NO_CONFIG"]) return others;
  return [...others, ...mentionsOfProject(resolve(cwd, folder), ["uv.toml", "pyproject.toml"])];
}

/** Options before a URL that is no script. */
const urlOption = /^(-[if]|--(default-index|index(-url)?|extra-index-url|find-links|with(-editable)?|.*-host))$/;

/**
 * The metadata of scripts among the files in the arguments, also behind `=`. `-` is a script on stdin, which uv has
 * consumed; `uv run URL` has fetched one.
 */
function mentionsOfScripts(words: readonly string[], cwd: string): Mention[] {
  const run = words.indexOf("run");
  let isPast = false;
  return words.flatMap((word, index): Mention[] => {
    if (word === "-") return [{ kind: "unknown", place: "stdin", what: "a script that uv has read" }];
    if (run >= 0 && index > run && !isPast && /^https?:/i.test(word) && !urlOption.test(words[index - 1] ?? "")) {
      return [{ kind: "unknown", place: "the command line", what: "a script on the network" }];
    }
    const names = /^-[\w-]*=/.test(word) ? [word, word.slice(word.indexOf("=") + 1)] : [word, word.replace(/^-\w/, "")];
    const found = [...new Set(names)].map((name) => ({ name, text: textOf(resolve(cwd, name)) }));
    // What follows the script is its own arguments; a file behind an option may be anything.
    if (index > run && found[0]!.text !== undefined && !(words[index - 1] ?? "").startsWith("-")) isPast = true;
    return found.flatMap(({ name, text }) => (text === undefined ? [] : mentionsOfScript(text, name)));
  });
}

/** The file's text; undefined if there is none, or none that uv could take for a script. */
function textOf(path: string): string | undefined {
  try {
    // A word may be anything: to open a named pipe would release who waits for its reader.
    return statSync(path).isFile() ? readRegularFile(path, maxBytes).toString("utf8") : undefined;
  } catch {
    return undefined;
  }
}

/** Variables about the network, trust, or what `keyring` itself does. */
const variable =
  /^(export[ \t]+)?(UV_|VOUCH_|SSL_CERT_|(REQUESTS|CURL|AWS)_CA_|NETRC|((HTTPS?|ALL|NO)_PROXY)|HOME|XDG_|PATH|LD_|DYLD_)/i;

/**
 * Variables that uv takes over from files before it connects (`uv run --env-file`, up to 0.10 with effect on its own
 * connections) and that `keyring` inherits.
 */
function mentionsOfEnvFiles(words: readonly string[], cwd: string, env: Environment): Mention[] {
  if (words.includes("--no-env-file") || env["UV_NO_ENV_FILE"]) return [];
  const named = [...longOptionValues(words, "--env-file"), ...(env["UV_ENV_FILE"] ?? "").split(/\s+/)];
  return named.flatMap((name): Mention[] => {
    if (name === "") return [];
    let text: string;
    try {
      text = readFileSync(resolve(cwd, name), "utf8");
    } catch {
      return [{ kind: "unknown", place: name, what: unreadable }];
    }
    return text.split(/\r?\n|\r/).flatMap((line, index): Mention[] => {
      const what =
        variable.exec(line.trimStart()) &&
        line
          .trim()
          .replace(/^export\s+/i, "")
          .replace(/\s*[=:].*$/s, "");
      return what ? [{ kind: "setting", place: `${name}:${index + 1}`, what, tool: "uv" }] : [];
    });
  });
}
