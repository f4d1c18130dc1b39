/** Swift's package manager in the table of tools: it keeps tokens itself. */
import { refusedTool } from "../refused.ts";

/** `swift package-registry login` stores the token in the keychain (macOS) or in ~/.netrc. */
export const swift = refusedTool({
  format: "swift",
  programs: ["swift"],
  refusal:
    "Swift's package manager asks nobody for a token: it reads the keychain or ~/.netrc, and Vouch writes none there. Give one command a token by a pipe, with --netrc-file and `vouch credential codeartifact` (docs/tools/swift.md).",
});
