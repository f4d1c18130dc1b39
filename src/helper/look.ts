/**
 * Heuristic: whether a URL looks like CodeArtifact's. Decides only whether to print a line about the missing login; the
 * agent alone decides which URL gets a token. False for a bare host, which pip asks for after the URL.
 */
export function looksLikeCodeArtifact(service: string): boolean {
  return service.includes(".codeartifact.") && service.includes("://");
}
