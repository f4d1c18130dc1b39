/** What a lying or broken key answers when its credentials are enumerated: for tests of what a client makes of it. */
import { randomBytes } from "node:crypto";
import type { CborValue } from "../../../../src/fido/codec/cbor.ts";

type Answer = [number, CborValue][];

/** The answers one after the other, and the number that the first one tells. */
interface Enumeration {
  answers: Answer[];
  total: CborValue;
}

const USER = 0x06;
const CREDENTIAL_ID = 0x07;

const replaced =
  (member: number, value: CborValue) =>
  ({ answers, total }: Enumeration): Enumeration => ({ answers: answers.map((one) => put(one, member, value)), total });

const enumerationLies = {
  "no count": ({ answers }: Enumeration) => ({ answers, total: undefined }),
  "a negative count": ({ answers }: Enumeration) => ({ answers, total: -1 }),
  "a count of another type": ({ answers }: Enumeration) => ({ answers, total: "2" }),
  "a billion credentials": ({ answers }: Enumeration) => ({ answers, total: 1_000_000_000 }),
  "more than it then gives": ({ answers }: Enumeration) => ({ answers, total: answers.length + 1 }),
  "the same credential again and again": ({ answers }: Enumeration) => ({
    answers: Array.from({ length: 500 }, () => answers[0]!),
    total: 500,
  }),
  "as many as nobody has": ({ answers }: Enumeration) => ({
    answers: Array.from({ length: 1025 }, () => put(answers[0]!, CREDENTIAL_ID, descriptor(randomBytes(32)))),
    total: 1025,
  }),
  "no user": replaced(USER, undefined),
  "a user without an id": replaced(USER, new Map([["name", "me"]])),
  "a user's id of another type": replaced(USER, new Map<string, CborValue>([["id", "me"]])),
  "a user's id that is too long": replaced(USER, new Map<string, CborValue>([["id", new Uint8Array(65)]])),
  "no credential": replaced(CREDENTIAL_ID, undefined),
  "a credential without an id": replaced(CREDENTIAL_ID, new Map([["type", "public-key"]])),
  "an empty credential id": replaced(CREDENTIAL_ID, descriptor(new Uint8Array(0))),
  "a credential id that is too long": replaced(CREDENTIAL_ID, descriptor(new Uint8Array(1024))),
} satisfies Record<string, (honest: Enumeration) => Enumeration>;

export type EnumerationLie = keyof typeof enumerationLies;
export const allEnumerationLies = Object.keys(enumerationLies) as EnumerationLie[];

export function spoiltEnumeration(lie: EnumerationLie | undefined, honest: Enumeration): Enumeration {
  return lie === undefined ? honest : enumerationLies[lie](honest);
}

function put(answer: Answer, member: number, value: CborValue): Answer {
  const others = answer.filter(([key]) => key !== member);
  return value === undefined ? others : [...others, [member, value]];
}

function descriptor(id: Uint8Array): Map<string, CborValue> {
  return new Map<string, CborValue>([
    ["id", new Uint8Array(id)],
    ["type", "public-key"],
  ]);
}
