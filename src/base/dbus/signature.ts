/** Types of the D-Bus wire protocol (D-Bus Specification, "Type System"): single complete types and their alignment. */

/** The alignment of each type of a signature, by its first character. */
const alignments: Partial<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  h: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  "(": 8,
  "{": 8,
};

/** In bytes. Throws `RangeError` for what is no type. */
export function alignmentOf(type: string): number {
  const alignment = alignments[type[0] ?? ""];
  if (alignment === undefined) throw new RangeError(`expected a type, got ${JSON.stringify(type)}`);
  return alignment;
}

/** The single complete type that a signature begins with. Throws `RangeError`. */
export function firstType(signature: string): string {
  let open = 0;
  for (let at = 0; at < signature.length; at++) {
    const letter = signature[at]!;
    if (letter === "(" || letter === "{") open++;
    else if (letter === ")" || letter === "}") open--;
    if (open === 0 && letter !== "a") return signature.slice(0, at + 1);
  }
  throw new RangeError(`expected a complete type, got ${JSON.stringify(signature)}`);
}
