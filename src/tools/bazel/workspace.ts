/** What a workspace's .bazelrc decides about Bazel's network and trust, without code. */
import { isAbsolute, join, resolve } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { readIfPresent } from "../../base/system/regular-file.ts";
import { isHarmfulJavaOption } from "../java-options.ts";

const maxBytes = 1 << 20;
const maxFiles = 64;

/**
 * A debugger of Bazel's server, Bazel's own proxies and authorities, proxies of its downloads, and a downloader of the
 * workspace's choice that gets what the helper has answered.
 */
const harmful = [
  /--host_jvm_(debug|profile)\b\S*/,
  /--remote_proxy[= ]\S*/,
  /--tls_certificate[= ]\S*/,
  /--(repo|client)_env[= ](https?_proxy|all_proxy|no_proxy|ssl_cert\w*|java_tool_options|netrc)\b/i,
  /--(experimental_)?remote_downloader_propagate_credentials(?![\w]|[= ](false|no|0)\b)/,
];

/**
 * Looks at the .bazelrc of the folder, which is the workspace's for a helper that Bazel starts, and at what it imports.
 * Throws `project_untrusted` for a setting that may lead a token elsewhere, or a file that cannot be read.
 */
export function checkWorkspace(folder: string): void {
  const seen = new Set<string>();
  const queue = [join(folder, ".bazelrc")];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (seen.has(path)) continue;
    if (seen.size === maxFiles) throw fault(path, "more files than Vouch looks at");
    seen.add(path);
    for (const line of linesOf(path)) {
      const found =
        harmful.map((pattern) => pattern.exec(line)?.[0]).find((each) => each !== undefined) ??
        harmfulJava(line) ??
        ownJava(line, folder);
      if (found !== undefined) throw fault(path, printable(found).slice(0, 200));
      queue.push(...importsOf(line).map((imported) => resolve(folder, imported.replace(/^%workspace%\/*/, ""))));
    }
  }
}

/** An option for Bazel's Java, which gets each as one word, that is not known to be harmless. */
function harmfulJava(line: string): string | undefined {
  const options = [...line.matchAll(/--host_jvm_args(?:=|\s+)(\S*)/g)];
  return options.find(([, option]) => option !== "" && isHarmfulJavaOption(option!))?.[0];
}

/** A Java for Bazel that lies in the workspace, with authorities of its own. */
function ownJava(line: string, folder: string): string | undefined {
  const options = [...line.matchAll(/--(?:server|host)_javabase(?:=|\s+)(\S+)/g)];
  const isInside = (path: string): boolean =>
    !isAbsolute(path) || `${resolve(path)}/`.startsWith(`${resolve(folder)}/`);
  return options.find(([, path]) => isInside(path!))?.[0];
}

/** The files that a line imports: with what may be a part of the name, or a comment behind it. */
function importsOf(line: string): string[] {
  const rest = /^(?:try-)?import(?:-if-bazel-version\s+\S+)?\s+(\S.*)$/.exec(line)?.[1];
  if (rest === undefined) return [];
  return [...new Set([rest, rest.split("#")[0]!.trim(), rest.split(/\s/)[0]!, rest.split(/\s/).at(-1)!])];
}

/** The lines without quotes, escapes, and comment lines. */
function linesOf(path: string): string[] {
  let text: string;
  try {
    text = readIfPresent(path, maxBytes)?.toString("utf8") ?? "";
  } catch {
    throw fault(path, "what cannot be read");
  }
  const lines = text.replace(/\\\r?\n/g, "").split(/\r?\n/);
  return lines.map((line) => line.replace(/["'\\]/g, "").trim()).filter((line) => !line.startsWith("#"));
}

function fault(path: string, what: string): VouchError {
  return new VouchError(
    "project_untrusted",
    `${printable(path)} has ${what}, which may decide about Bazel's network or about trust: no token goes by it.`,
    { hint: "Delete it there; settings of your own belong in ~/.bazelrc." },
  );
}
