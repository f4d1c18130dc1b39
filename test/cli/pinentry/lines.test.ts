import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeCommand, LineSplitter, parseResponse } from "../../../src/cli/pinentry/lines.ts";
import { propertyRuns } from "../../property-runs.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (encoded: Uint8Array) => new TextDecoder().decode(encoded);
const dataOf = (line: string) => {
  const response = parseResponse(bytes(line));
  return response.kind === "data" ? text(response.bytes) : response;
};

describe("a response of the Assuan server", () => {
  test.each([
    ["OK", { kind: "ok" }],
    ["OK Pleased to meet you", { kind: "ok" }],
    ["ERR 83886179 Operation cancelled <Pinentry>", { kind: "error", code: 83886179 }],
    ["ERR 99", { kind: "error", code: 99, text: "" }],
    ["S PIN_REPEATED", { kind: "status", keyword: "PIN_REPEATED" }],
    ["S ERROR gtk2.? 83886142 ", { kind: "status", keyword: "ERROR" }],
    ["# a comment", { kind: "comment" }],
    ["#", { kind: "comment" }],
  ])("%j is read", (line, expected) => {
    expect(parseResponse(bytes(line))).toMatchObject(expected);
  });

  test.each([
    ["D 123456", "123456"],
    ["D ", ""],
    ["D a%25b%0Ac%0d", "a%b\nc\r"],
    ["D %41%c3%a9", "Aé"],
    ["D  two blanks ", " two blanks "],
  ])("%j is read as data", (line, expected) => {
    expect(dataOf(line)).toBe(expected);
  });

  test.each([
    "",
    "D",
    "D %",
    "D 1%2",
    "D 1%zz2",
    "D 1%%",
    "OKAY",
    "ok",
    " OK",
    "ERR",
    "ERR x",
    "ERR -1",
    "ERR 12345678901",
    "ERR 1x",
    "S",
    "S 1",
    "INQUIRE QUALITY 1234",
    "BYE",
    "GETPIN",
    "123456",
  ])("%j is refused, and not quoted in the error", (line) => {
    const refused = () => parseResponse(bytes(line));
    expect(refused).toThrow(expect.objectContaining({ code: "protocol_error" }));
    if (line.length > 2) expect(refused).not.toThrow(line);
  });

  test("any other bytes are a response or an error of ours, and never anything else", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 1000 }), (line) => {
      try {
        expect(parseResponse(line).kind).toBeString();
      } catch (error) {
        expect(error).toMatchObject({ code: "protocol_error" });
      }
    });
    fc.assert(property, { numRuns: propertyRuns });
  });
});

describe("a command", () => {
  test("is one line, whatever its parameter holds, and data decodes to the same", () => {
    const property = fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (parameter) => {
      const line = text(encodeCommand("SETDESC", parameter));
      expect(line).toStartWith("SETDESC ");
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(line).not.toContain("\r");
      expect(line).not.toContain("\0");
      expect(dataOf(`D ${line.slice("SETDESC ".length, -1)}`)).toBe(text(bytes(parameter)));
    });
    fc.assert(property, { numRuns: propertyRuns });
  });

  test("has at most 1000 bytes with its line end", () => {
    const room = 1000 - "SETDESC \n".length;
    expect(encodeCommand("SETDESC", "a".repeat(room)).length).toBe(1000);
    expect(() => encodeCommand("SETDESC", "a".repeat(room + 1))).toThrow("SETDESC is longer than 1000 bytes");
    expect(() => encodeCommand("SETDESC", "%".repeat(400))).toThrow("SETDESC is longer than 1000 bytes");
  });
});

describe("the lines of a stream", () => {
  test("are the same wherever it is cut, and every chunk is zeroed", () => {
    const lines = fc.array(fc.string({ maxLength: 30 }).map((line) => line.replaceAll("\n", "")));
    const property = fc.property(lines, fc.integer({ min: 1, max: 7 }), (expected, size) => {
      const stream = bytes(expected.map((line) => `${line}\n`).join(""));
      const splitter = new LineSplitter();
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        splitter.feed(stream.subarray(at, at + size), (line) => void found.push(text(line)));
      }
      expect(found).toEqual(expected);
      expect(stream.every((byte) => byte === 0)).toBe(true);
    });
    fc.assert(property, { numRuns: propertyRuns });
  });

  test("are zeroed behind the one who has read them", () => {
    const kept: Uint8Array[] = [];
    new LineSplitter().feed(bytes("D 123456\n"), (line) => void kept.push(line));
    expect(kept[0]).toEqual(new Uint8Array("D 123456".length));
  });

  test("have at most 1000 bytes with their line end", () => {
    const read = (length: number) => {
      const found: number[] = [];
      new LineSplitter().feed(bytes(`${"a".repeat(length)}\n`), ({ length: size }) => void found.push(size));
      return found;
    };
    expect(read(999)).toEqual([999]);
    expect(() => read(1000)).toThrow("a line of more than 1000 bytes");
  });
});
