/** Tokens that `bundle config`, `gem signin` or an editor have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenPlace } from "../checks/finding.ts";
import { linesWith } from "../checks/token-lines.ts";
import { gemrcFiles } from "./gemrc.ts";
import { userConfig } from "./project.ts";

/** The files of RubyGems and Bundler, and those of the keys that push. */
export function rubyTokenPlaces({ env, home }: Machine): TokenPlace[] {
  const data = env["XDG_DATA_HOME"] || join(home, ".local/share");
  const keys = [join(home, ".gem/credentials"), join(data, "gem/credentials")];
  return [...gemrcFiles(env), userConfig(env), ...keys].map((path) => ({
    path,
    tool: "ruby",
    tokens: (text) => linesWith(text, hasToken),
  }));
}

/** A CodeArtifact host and a password: in a source's URL, as Bundler's setting for a URL or a host, as a push key. */
function hasToken(text: string): boolean {
  // Bundler writes a dot as two underscores, a hyphen as three.
  const line = text.replaceAll("___", "-").replaceAll("__", ".").toLowerCase();
  const isSecret = /:\/\/[^/@\s]*:[^/@\s]+@/.test(text) || /:\s+["']?(aws:|bearer |basic |eyj)/i.test(text);
  return codeArtifactHost.test(line) && isSecret && !/^\s*#(?!\|)/.test(text);
}
