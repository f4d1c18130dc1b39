/**
 * Whether a URL looks like one of CodeArtifact. It decides only whether a line about the missing login is worth saying;
 * what gets a token is decided by the agent alone. A bare host, for which pip asks after the URL, is not worth another line.
 */
export function looksLikeCodeArtifact(service: string): boolean {
  return service.includes(".codeartifact.") && service.includes("://");
}
