/** Tokens that `bundle config`, `gem signin` or an editor have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type StoredToken } from "../finding.ts";
import { readSmallFile } from "../small-files.ts";
import { gemrcFiles } from "./gemrc.ts";
import { userConfig } from "./project.ts";

/**
 * Lines with a CodeArtifact host and a password: in a source's URL, as Bundler's setting for a URL or a host, and as
 * the key of a push.
 */
export function storedRubyTokens({ env, home }: Machine): StoredToken[] {
  const data = env["XDG_DATA_HOME"] || join(home, ".local/share");
  const keys = [join(home, ".gem/credentials"), join(data, "gem/credentials")];
  return [...gemrcFiles(env), userConfig(env), ...keys].flatMap((path) => linesWithToken(path));
}

function linesWithToken(path: string): StoredToken[] {
  return (readSmallFile(path) ?? "").split("\n").flatMap((text, index) => {
    // Bundler writes a dot as two underscores, a hyphen as three.
    const line = text.replaceAll("___", "-").replaceAll("__", ".").toLowerCase();
    const isSecret = /:\/\/[^/@\s]*:[^/@\s]+@/.test(text) || /:\s+["']?(aws:|bearer |basic |eyj)/i.test(text);
    if (!codeArtifactHost.test(line) || !isSecret || /^\s*#(?!\|)/.test(text)) return [];
    return [{ path, line: index + 1, tool: "ruby" }];
  });
}
