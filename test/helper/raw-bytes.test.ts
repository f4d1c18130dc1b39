import { expect, test } from "bun:test";
import { argumentBytes, environmentBytes, mayHaveLostBytes, splitAtZeros } from "../../src/helper/raw-bytes.ts";

const bytes = (...codes: (number | string)[]) =>
  new Uint8Array(Buffer.concat(codes.map((code) => (typeof code === "string" ? Buffer.from(code) : Buffer.of(code)))));
const decode = (given: Uint8Array) => new TextDecoder().decode(given);

test("words keep their bytes, also where several read the same as text", () => {
  const given = [bytes("vouch"), bytes("exec"), bytes("a", 0xff), bytes("ok"), bytes("a", 0xfe), bytes("é")];
  const args = ["/bin/tool", ...given.slice(2).map(decode)];
  expect(argumentBytes(args, given)).toEqual([bytes("/bin/tool"), ...given.slice(2)]);
});

test("variables keep bytes and order, and changed, dropped and added ones are so", () => {
  const given = [
    bytes("A=1"),
    bytes("B=", 0xff),
    bytes("C", 0xfe, "=x"),
    bytes("D=old"),
    bytes("E=gone"),
    bytes("odd"),
    bytes("TWICE=1"),
    bytes("TWICE=2"),
    bytes("=x"),
  ];
  const env = { A: "1", B: "\ufffd", "C\ufffd": undefined, D: "new", F: "added", TWICE: "2" };
  expect(environmentBytes(env, given)).toEqual([
    given[0]!,
    given[1]!,
    given[2]!,
    ...given.slice(5),
    bytes("D=new"),
    bytes("F=added"),
  ]);
  // Changed, it is there once.
  expect(environmentBytes({ TWICE: "3" }, given.slice(6, 8))).toEqual([bytes("TWICE=3")]);
});

test("only bytes that cannot have been UTF-8 are suspicious", () => {
  expect(mayHaveLostBytes(["é", ""], { A: "ü" })).toBe(false);
  expect(mayHaveLostBytes(["\ufffd"], {})).toBe(true);
  expect(mayHaveLostBytes([], { A: "\ufffd" })).toBe(true);
  expect(mayHaveLostBytes([], { "A\ufffd": undefined })).toBe(true);
});

test("entries end with a zero byte, and may be empty", () => {
  expect(splitAtZeros(bytes("a", 0, 0, "b", 0)).map(decode)).toEqual(["a", "", "b"]);
  expect(splitAtZeros(bytes())).toEqual([]);
});
