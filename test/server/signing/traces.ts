/** Looks for a private key in bytes, in every form in which it is written anywhere. */

/** The private part of a JWK (JSON), 32 bytes. */
export function privatePart(jwk: string): Buffer {
  return Buffer.from(JSON.parse(jwk).d, "base64url");
}

/** The forms of the secret that are found: raw (as in DER), hexadecimal, base64 and base64url, alone or within more. */
export function tracesOf(secret: Buffer, bytes: Buffer): string[] {
  const text = bytes.toString("latin1").toLowerCase();
  const found = Object.entries(formsOf(secret)).filter(([, form]) =>
    typeof form === "string" ? text.includes(form.toLowerCase()) : bytes.includes(form),
  );
  return found.map(([name]) => name);
}

function formsOf(secret: Buffer): Record<string, string | Buffer> {
  const forms: Record<string, string | Buffer> = { raw: secret, reversed: Buffer.from(secret.toReversed()) };
  forms["hexadecimal"] = secret.toString("hex");
  for (const encoding of ["base64", "base64url"] as const) {
    // Three ways in which a stream of base64 can fall on it; without the characters that its neighbours share.
    for (const offset of [0, 1, 2]) {
      const whole = Buffer.concat([Buffer.alloc(offset), secret])
        .toString(encoding)
        .replaceAll("=", "");
      forms[`${encoding} at ${offset}`] = whole.slice(offset === 0 ? 0 : 4, -1);
    }
  }
  return forms;
}
