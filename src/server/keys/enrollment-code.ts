/** The one-time code for enrolling a security key: 80 random bits in a form that people can read out and type. */
import { randomBytes } from "node:crypto";

/** Crockford's Base32: without I, L, O and U, which are easily misread. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Generates a code of four groups of four characters, "7H2K-9QXM-…". */
export function makeEnrollmentCode(): string {
  const characters = Array.from(randomBytes(16), (byte) => alphabet[byte % 32]);
  return [0, 4, 8, 12].map((start) => characters.slice(start, start + 4).join("")).join("-");
}

/** Normalises a typed code: any case, O for 0, I and L for 1, with or without separators. */
export function normalizeEnrollmentCode(typed: string): string {
  const characters = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return characters.match(/.{1,4}/g)?.join("-") ?? "";
}
