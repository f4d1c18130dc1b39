/** Shows credentials of a key and asks which of them are to be deleted. */
import type { StoredCredential } from "../../fido/ctap2/credential-management.ts";
import { promptText } from "../terminal/prompt.ts";

/** Limit on a name that the key tells, in characters. */
const maxName = 64;

/** The account's name, as the key tells it (untrusted), shortened. */
export function accountOf({ user: { name, displayName } }: StoredCredential): string {
  const told = name ?? displayName ?? "an account without a name";
  const characters = Array.from(told);
  return characters.length > maxName ? `${characters.slice(0, maxName).join("")}…` : told;
}

/** The credential's id as servers and settings write it (base64url). */
export function idOf({ id }: StoredCredential): string {
  return Buffer.from(id).toString("base64url");
}

/**
 * Asks for numbers from 1 to `count` until the answer is one; returns their indices, none for Enter. Throws `cancelled`,
 * and `usage` without a terminal.
 */
export async function askWhich(count: number): Promise<number[]> {
  for (;;) {
    const answer = await promptText(
      `Delete which? ${count === 1 ? "1" : "Numbers, separated by commas"}; Enter deletes none`,
    );
    const chosen = parseNumbers(answer, count);
    if (chosen !== undefined) return chosen;
  }
}

/** The indices of "1, 3"; undefined unless all are numbers from 1 to `count`. */
export function parseNumbers(text: string, count: number): number[] | undefined {
  const words = text.split(/[\s,]+/u).filter((word) => word !== "");
  const numbers = words.map((word) => (/^[0-9]{1,4}$/u.test(word) ? Number(word) : 0));
  if (numbers.some((number) => number < 1 || number > count)) return undefined;
  return [...new Set(numbers.map((number) => number - 1))];
}
