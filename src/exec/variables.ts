/** What `vouch exec` tells Cargo of a job. */

/**
 * Cargo's list of providers for registries that name none (the last is asked first) with Vouch at its end. Vouch answers
 * for its own registries by their URL, whatever a project calls them, and anew when a long build asks again.
 * Empty when Cargo could not read the path: it splits the list at white space.
 */
export function cargoProviderVariable(
  env: Record<string, string | undefined>,
  executable: string,
): Record<string, string> {
  const name = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
  return /\s/.test(executable) ? {} : { [name]: `${env[name] || "cargo:token"} ${executable}` };
}
