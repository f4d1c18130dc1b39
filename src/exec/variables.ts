/** Cargo's variables for a job in CI. */
import type { Environment } from "../base/environment.ts";

/**
 * Cargo's global list of providers (the last is asked first), with Vouch appended. Vouch answers for its registries by
 * their URL, whatever a project calls them, and again when a long build asks again. Empty if the executable's path
 * contains white space, at which Cargo splits the list.
 */
export function cargoProviderVariable(env: Environment, executable: string): Record<string, string> {
  const name = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
  return /\s/.test(executable) ? {} : { [name]: `${env[name] || "cargo:token"} ${executable}` };
}
