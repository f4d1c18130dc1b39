/** The parameters of a request, read as strictly as the specification allows a key to be. */
import { type CborKey, type CborMap, type CborValue, decodeCbor, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { field, type FieldKind, type FieldValue } from "../../../src/fido/codec/cbor-fields.ts";
import { StatusError } from "./status.ts";

/** Decodes the CBOR of a request: INVALID_CBOR unless it is canonical, CBOR_UNEXPECTED_TYPE unless it is a map. */
export function readParameters(bytes: Uint8Array): CborMap {
  let value: CborValue;
  try {
    value = decodeCbor(bytes);
  } catch {
    throw new StatusError("INVALID_CBOR");
  }
  if (!Buffer.from(encodeCbor(value)).equals(bytes)) throw new StatusError("INVALID_CBOR");
  if (!(value instanceof Map)) throw new StatusError("CBOR_UNEXPECTED_TYPE");
  return value;
}

/** The member of a map; CBOR_UNEXPECTED_TYPE when it is of another kind. */
export function optional<K extends FieldKind>(map: CborMap, key: CborKey, kind: K): FieldValue<K> | undefined {
  if (!map.has(key)) return undefined;
  const value = field(map, key, kind);
  if (value === undefined) throw new StatusError("CBOR_UNEXPECTED_TYPE");
  return value;
}

/** The member of a map; MISSING_PARAMETER when it is absent. */
export function required<K extends FieldKind>(map: CborMap, key: CborKey, kind: K): FieldValue<K> {
  const value = optional(map, key, kind);
  if (value === undefined) throw new StatusError("MISSING_PARAMETER");
  return value;
}

/** The members of a list of maps. */
export function maps(list: readonly CborValue[]): CborMap[] {
  return list.map((value) => {
    if (!(value instanceof Map)) throw new StatusError("CBOR_UNEXPECTED_TYPE");
    return value;
  });
}
