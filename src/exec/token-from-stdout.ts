/**
 * Cargo's provider `cargo:token-from-stdout` runs a program and sends its output to a registry. A project's
 * `.cargo/config.toml` can choose program and registry: with one of Vouch's own programs there, a token would leave by
 * data alone.
 * https://doc.rust-lang.org/cargo/reference/registry-authentication.html#cargotoken-from-stdout-command-args
 */
import { VouchError } from "../base/errors.ts";
import { printable } from "../base/words/printable.ts";

/**
 * The error with which every token-printing command refuses if Cargo has started it this way for the registry `index`
 * (untrusted). Cargo sets CARGO_REGISTRY_INDEX_URL for that provider's program only; wrappers (`env`, `timeout`)
 * inherit it.
 */
export function tokenFromStdout(index: string): VouchError {
  return new VouchError(
    "project_untrusted",
    `Cargo sends the output of this command to the registry ${printable(index).slice(0, 300)} (cargo:token-from-stdout), which a project may have named: no token is given that way.`,
    {
      hint: "`vouch setup codeartifact --tool cargo` makes Vouch the credential provider, which knows its registries.",
    },
  );
}
