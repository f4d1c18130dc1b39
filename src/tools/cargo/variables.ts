/** Environment variables that Cargo reads before its files and before it asks Vouch. */
import { fails, type VariableRule, warns } from "../checks/finding.ts";
import { classify, withoutSecrets } from "../registry-url.ts";
import { takesToken } from "./doctor.ts";

export const cargoVariables: VariableRule[] = [
  {
    name: /^CARGO_REGISTRIES_.+_INDEX$/,
    harm: (value, { settings }) =>
      classify(value.replace(/^sparse\+/, ""), "cargo", settings).kind === "configured"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: Cargo takes it before the index of its files`),
  },
  {
    name: /^CARGO_REGISTRIES_.+_TOKEN$/,
    harm: (_, machine, name) =>
      takesToken(name, machine) ? fails("holds a token that Cargo takes before it asks Vouch") : undefined,
  },
  {
    name: /^CARGO_REGISTRIES_.+_CREDENTIAL_PROVIDER$/,
    harm: (value) => (/(^|\/)vouch(\s|$)/.test(value) ? undefined : fails(`is ${value}: Cargo asks it, not Vouch`)),
  },
];
