/** Typed access to the members of a decoded CBOR map from an untrusted sender. */
import { VouchError } from "../../base/errors.ts";
import type { CborKey, CborMap, CborValue } from "./cbor.ts";

const kinds = {
  bytes: (value: CborValue): value is Uint8Array => value instanceof Uint8Array,
  text: (value: CborValue): value is string => typeof value === "string",
  integer: (value: CborValue): value is number => Number.isSafeInteger(value),
  boolean: (value: CborValue): value is boolean => typeof value === "boolean",
  list: (value: CborValue): value is readonly CborValue[] => Array.isArray(value),
  map: (value: CborValue): value is CborMap => value instanceof Map,
};

type Kinds = typeof kinds;
export type FieldKind = keyof Kinds;
export type FieldValue<K extends FieldKind> = Kinds[K] extends ((
  value: CborValue,
) => value is infer T extends CborValue)
  ? T
  : never;

/** The value under the key; undefined if absent or of another type. */
export function field<K extends FieldKind>(map: CborMap, key: CborKey, kind: K): FieldValue<K> | undefined {
  const value = map.get(key);
  return kinds[kind](value) ? (value as FieldValue<K>) : undefined;
}

/**
 * The value under the key; `name` is the member's name in the specification, for the message. Throws `protocol_error`
 * if absent or of another type.
 */
export function requiredField<K extends FieldKind>(map: CborMap, key: CborKey, kind: K, name: string): FieldValue<K> {
  const value = field(map, key, kind);
  if (value === undefined) {
    throw new VouchError(
      "protocol_error",
      `Expected ${name} (${kind}), got ${map.has(key) ? "another type" : "none"}.`,
    );
  }
  return value;
}
