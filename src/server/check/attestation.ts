/** Looks at the policy for security keys: its files, and the metadata that the server has. */
import { type AttestationSettings, attestationOf } from "../configuration/attestation.ts";
import { attestationSettings } from "../configuration/table-attestation.ts";
import type { Settings } from "../configuration/table.ts";
import { goodUntil, type Metadata } from "../policy/metadata.ts";
import type { PolicyRules } from "../policy/judgement.ts";
import { isUrl, type MetadataSource, readMetadata } from "../policy/metadata-source.ts";
import { canDoWithout } from "../policy/upkeep.ts";
import type { Look } from "../store/look.ts";
import { areRight, failed, type Finding, ok, warning } from "./finding.ts";

const check = "attestation";

/** `now` in seconds since 1970; asks no URL. */
export async function checkAttestation(
  settings: Partial<Settings>,
  found: Look | undefined,
  now: number,
): Promise<Finding[]> {
  // A value that is wrong is reported for itself.
  if (!areRight(settings, Object.keys(attestationSettings))) return [];
  try {
    const { rules, source } = attestationOf(settings as AttestationSettings);
    const ended = rules.roots.filter(({ notAfter }) => notAfter < now).length;
    return [
      ...(rules.roots.length === 0
        ? []
        : [ok(check, `${settings["attestation-roots"]} has ${rules.roots.length} roots`)]),
      ...(ended === 0 ? [] : [warning(check, `${ended} of the roots have ended: they attest no new key.`)]),
      ...(source === undefined ? [] : [await checkMetadata(source, rules, found?.metadata, now)]),
    ];
  } catch (error) {
    return [failed(check, error)];
  }
}

/** An error where the server does not start, a warning where it goes on with the metadata that it has, or without any. */
async function checkMetadata(
  source: MetadataSource,
  rules: PolicyRules,
  kept: Metadata | undefined,
  now: number,
): Promise<Finding> {
  const { location } = source;
  const goesOn =
    kept === undefined ? "The server has none, and starts" : `The server goes on with number ${kept.number}`;
  let metadata = kept?.source === location ? kept : undefined;
  try {
    if (!isUrl(location)) metadata = await readMetadata(source, now);
  } catch (error) {
    const { message, hint } = failed(check, error);
    return canDoWithout(source, rules, kept) ? warning(check, `${message} ${goesOn}.`, hint) : failed(check, error);
  }
  if (metadata === undefined) {
    return warning(check, `The server has no FIDO metadata of ${location} yet: it asks for them when it runs.`);
  }
  const { number, nextUpdate, models } = metadata;
  if (kept !== undefined && kept.root === metadata.root && kept.number > number) {
    return warning(check, `${location} has number ${number}, and the numbers never go back. ${goesOn}.`);
  }
  if (now >= goodUntil(metadata)) {
    return warning(
      check,
      `The FIDO metadata of ${location} were to be replaced by ${nextUpdate}: no new key is certified.`,
    );
  }
  return ok(check, `${location} has number ${number} with ${models.length} models, the next by ${nextUpdate}`);
}
