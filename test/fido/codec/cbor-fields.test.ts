import { expect, test } from "bun:test";
import { field, requiredField } from "../../../src/fido/codec/cbor-fields.ts";
import type { CborValue } from "../../../src/fido/codec/cbor.ts";

const map = new Map<number | string, CborValue>([
  [1, "text"],
  [2, 7],
  ["list", [1]],
  [3, 1n],
]);

test("a member of the expected kind is read, and any other is not", () => {
  expect(field(map, 1, "text")).toBe("text");
  expect(field(map, 1, "bytes")).toBeUndefined();
  expect(field(map, 3, "integer")).toBeUndefined();
  expect(field(map, "list", "list")).toEqual([1]);
  expect(field(map, 9, "map")).toBeUndefined();
});

test("a required member that is absent or of another kind is a protocol error that names it", () => {
  expect(requiredField(map, 2, "integer", "pinRetries")).toBe(7);
  expect(() => requiredField(map, 9, "integer", "pinRetries")).toThrow("Expected pinRetries (integer), got none");
  expect(() => requiredField(map, 1, "bytes", "authData")).toThrow("Expected authData (bytes), got another type");
});
