/** The files that yarn 1 reads besides npm's, as far as they decide about the connection. */
import type { OwnFiles } from "../npm/guard/other-tools.ts";

const trustKey = /^(https?-?proxy|proxy|no-?proxy|strict-ssl|ca|cafile|cert|certfile|key|keyfile|use-yarnrc|cwd)$/i;

export const yarnFiles: OwnFiles = { ".yarnrc": trustSettingIn };

/**
 * The first word of a `.yarnrc` that is such a key, alone or as an option (`--install.proxy`), read as yarn does: words,
 * strings of JSON, comments.
 */
export function trustSettingIn(text: string): string | undefined {
  for (const [token] of text.matchAll(/#[^\n]*|"(?:\\[^]|[^"\\])*"|[^\s:,"#][^\s:,]*/g)) {
    if (token.startsWith("#")) continue;
    const word = token.startsWith('"') ? decoded(token) : token;
    const key = word.replace(/^--(?:[\w-]+\.)?/, "").replace(/=.*$/s, "");
    if (trustKey.test(key)) return word;
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
