import { expect, test } from "bun:test";
import { cargoProviderVariable } from "../../src/exec/variables.ts";

test("under vouch exec Cargo asks Vouch first, and then those whom it asked before", () => {
  const name = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
  expect(cargoProviderVariable({}, "/opt/vouch")).toEqual({ [name]: "cargo:token /opt/vouch" });
  expect(cargoProviderVariable({ [name]: "cargo:libsecret" }, "/opt/vouch")).toEqual({
    [name]: "cargo:libsecret /opt/vouch",
  });
  expect(cargoProviderVariable({}, "/opt/my tools/vouch")).toEqual({});
});
