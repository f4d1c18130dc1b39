/** The policy of the settings, in words and for scripts. */
import { settingArgs } from "../../configuration/documentation.ts";
import { type Attestation, attestationOf } from "../../configuration/attestation.ts";
import { type Flags, settingsOf } from "../../configuration/settings.ts";
import { attestationSettings } from "../../configuration/table-attestation.ts";
import type { PolicyRules } from "../../policy/judgement.ts";

const names = Object.keys(attestationSettings) as (keyof typeof attestationSettings)[];

/** The options of the commands that judge by the settings. */
export const attestationArgs = settingArgs(...names);

/** The policy of the settings. Throws as `attestationOf`. */
export function attestationFor(flags: Flags): Attestation {
  return attestationOf(settingsOf(flags, names));
}

/** The rules as JSON. */
export function rulesJson({ demand, applyTo, certified, roots, allow, deny }: PolicyRules): Record<string, unknown> {
  return { attestation: demand, applyTo, certified, roots: roots.length, allow: [...allow], deny: [...deny] };
}
