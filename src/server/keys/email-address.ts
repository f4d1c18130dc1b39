/** Email addresses as account names: syntax and normalisation. */
import { domainToASCII } from "node:url";
import { isLegible } from "../../base/words/legible.ts";

/** RFC 5322 atext, plus the non-ASCII letters, marks and digits of RFC 6531; no quoted local part. */
const localPart = /^[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+)*$/u;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Normalises an address: Unicode NFC, lower case, the domain in its ASCII form (IDNA), so that all spellings of an
 * address are one account. Undefined if invalid: the domain needs at least two labels and a top level that is not
 * numeric; the local part has no invisible character, and at most 64 bytes, the whole at most 254 (RFC 5321, 4.5.3.1).
 */
export function normalizeEmail(text: string): string | undefined {
  const trimmed = text.trim().normalize("NFC");
  const at = trimmed.lastIndexOf("@");
  // Lower-casing may produce a sequence that NFC composes.
  const local = trimmed.slice(0, Math.max(at, 0)).toLowerCase().normalize("NFC");
  const given = trimmed.slice(at + 1);
  if (!localPart.test(local) || !/^[\p{L}\p{M}\p{N}.-]+$/u.test(given)) return undefined;
  // Two addresses that look alike would be two people.
  if (/\p{Default_Ignorable_Code_Point}/u.test(local) || !isLegible(local)) return undefined;
  const domain = domainToASCII(given).toLowerCase();
  const labels = domain.split(".");
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return undefined;
  if (/^\d+$/.test(labels.at(-1) ?? "")) return undefined;
  const email = `${local}@${domain}`;
  return Buffer.byteLength(local) <= 64 && Buffer.byteLength(email) <= 254 ? email : undefined;
}
