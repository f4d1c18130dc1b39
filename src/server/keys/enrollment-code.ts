/** The one-time code that lets a person enrol a security key: 80 random bits that can be read out and typed. */
import { randomBytes } from "node:crypto";

/** Crockford's Base32: without I, L, O and U, which are misread. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A code of four groups of four characters, "7H2K-9QXM-…". */
export function makeEnrollmentCode(): string {
  const characters = Array.from(randomBytes(16), (byte) => alphabet[byte % 32]);
  return [0, 4, 8, 12].map((start) => characters.slice(start, start + 4).join("")).join("-");
}

/** The code as it was made, from what a person typed: any case, O for 0, I and L for 1, with or without separators. */
export function normalizeEnrollmentCode(typed: string): string {
  const characters = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return characters.match(/.{1,4}/g)?.join("-") ?? "";
}
