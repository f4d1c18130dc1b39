/** Typed reading of a decoded CBOR map whose sender is not trusted. */
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

/** The value under the key; undefined when it is absent or of another kind. */
export function field<K extends FieldKind>(map: CborMap, key: CborKey, kind: K): FieldValue<K> | undefined {
  const value = map.get(key);
  return kinds[kind](value) ? (value as FieldValue<K>) : undefined;
}

/**
 * The value under the key.
 * @param name what the specification calls it, for the message
 * @throws VouchError `protocol_error` when it is absent or of another kind
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
