/**
 * Whether a URL or host looks like one of CodeArtifact. It decides only whether a line about the missing login is worth
 * saying; what gets a token is decided by the agent alone.
 */
export function looksLikeCodeArtifact(service: string): boolean {
  return service.includes(".codeartifact.");
}
