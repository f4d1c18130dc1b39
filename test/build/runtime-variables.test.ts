/** Which of the runtime's variables the executable still reads, by what is in the runtime's file before and after. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { withoutRuntimeVariables } from "../../build/runtime-variables.ts";

const before = readFileSync(process.execPath);
const { file: changed, blankedNames } = withoutRuntimeVariables(before);
const after = Buffer.from(changed.buffer, changed.byteOffset, changed.length);

describe("in the runtime of this machine", () => {
  test("every variable of Bun's that stands there as a C string is blanked", () => {
    const names = (file: Buffer) => {
      const found: string[] = [];
      for (let offset = file.indexOf("\0BUN_"); offset >= 0; offset = file.indexOf("\0BUN_", offset + 1)) {
        const text = file.toString("latin1", offset, offset + 200);
        const name = /^\0(BUN_(?!1\.|PLUGIN_NAME)[A-Z][A-Za-z0-9_]{2,})\0/.exec(text)?.[1];
        if (name !== undefined) found.push(name);
      }
      return found;
    };
    expect(names(before).length).toBeGreaterThan(80);
    expect(names(after)).toEqual([]);
  });

  test.each([
    "BUN_BE_BUN",
    "BUN_OPTIONS",
    "BUN_INSPECT",
    "BUN_INSPECT_PRELOAD",
    "BUN_CONFIG_VERBOSE_FETCH",
    "BUN_BYTECODE_ORDER_OUT",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_USE_SYSTEM_CA",
  ])("%s is among the blanked variables", (name) => expect(blankedNames).toContain(name));

  test("nothing but names is changed: the size stays, and each changed byte was the first of a name or of a prefix", () => {
    expect(after.length).toBe(before.length);
    const starts: string[] = [];
    for (let offset = 0; offset < before.length; offset += 1 << 16) {
      const part = before.subarray(offset, offset + (1 << 16));
      if (part.equals(after.subarray(offset, offset + (1 << 16)))) continue;
      for (let index = 0; index < part.length; index++) {
        if (part[index] === after[offset + index]) continue;
        starts.push(before.toString("latin1", offset + index, offset + index + 9));
      }
    }
    const unnamed = starts.filter(
      (text) => !/^(BUN_|NODE_|CARES_|DO_NOT_|HYPER|ICU_|JSC_|JavaS|Malloc|SIMD|UV_|WTF_|WebKit)/.test(text),
    );
    // The comparison with BUN_JSC_, and mimalloc's prefix.
    expect(unnamed.length).toBe(2);
    expect(unnamed.filter((text) => text.startsWith("mimalloc"))).toHaveLength(1);
  });

  test("the variables that Vouch promises to honour stay", () => {
    for (const name of ["HTTPS_PROXY", "NO_PROXY", "NO_COLOR", "FORCE_COLOR", "TMPDIR", "SSL_CERT_FILE", "HOME"]) {
      expect(after.includes(name)).toBe(true);
    }
  });

  test("blanking the same file again gives the same bytes", () => {
    expect(after.equals(withoutRuntimeVariables(before).file)).toBe(true);
  });
});

describe("a runtime that is not as known", () => {
  const names = Buffer.from(`\0${blankedNames.join("\0")}\0`);
  /** `cmp byte [r14 + n], character; jne` for each character, as the runtime for x64 has it. */
  const comparisons = Buffer.concat(
    Array.from("BUN_JSC_", (character, index) =>
      Buffer.from([0x41, 0x80, ...(index === 0 ? [0x3e] : [0x7e, index]), character.charCodeAt(0), 0x75, 0xe5]),
    ),
  );
  const prefix = Buffer.from("\x49\xbdmimalloc\x4c\x89", "latin1");

  test("is refused when it lacks a name", () => {
    const file = Buffer.from("\0BUN_OPTIONS\0");
    expect(() => withoutRuntimeVariables(file)).toThrow("expected this Bun to read BUN_BE_BUN");
  });

  test("is refused when it compares with BUN_JSC_ in another way", () => {
    expect(() => withoutRuntimeVariables(Buffer.concat([names, prefix]))).toThrow("with BUN_JSC_, got 0");
  });

  test("is refused when it compares with BUN_JSC_ twice", () => {
    const file = Buffer.concat([names, comparisons, Buffer.alloc(128), comparisons, prefix]);
    expect(() => withoutRuntimeVariables(file)).toThrow("with BUN_JSC_, got 2");
  });

  test("is refused when mimalloc's prefix is in another place", () => {
    expect(() => withoutRuntimeVariables(Buffer.concat([names, comparisons]))).toThrow(
      "mimalloc's prefix once, got it 0",
    );
  });

  test("is told from one that has both places, which is accepted", () => {
    const { file } = withoutRuntimeVariables(Buffer.concat([names, comparisons, prefix]));
    expect(Buffer.from(file).includes("=imalloc")).toBe(true);
    expect(Buffer.from(file).includes(Buffer.from([0x41, 0x80, 0x3e, 0x00, 0x75]))).toBe(true);
  });
});
