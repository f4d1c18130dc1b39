import { expect, test } from "bun:test";
import { join } from "node:path";
import { inheritedAt } from "../../src/helper/inherited-file.ts";

const module = join(import.meta.dir, "../../src/helper/inherited-file.ts");
const becoming = join(import.meta.dir, "../../src/helper/real-command.ts");

/** What a shell reads of the file, twice, that a program has left it; `content` is code. */
function readTwice(content: string, kind: string, output = 'printf "[%s]"'): string {
  const program = `
    const { inheritedFile } = await import(${JSON.stringify(module)});
    const { become } = await import(${JSON.stringify(becoming)});
    const path = inheritedFile(${content}, ${JSON.stringify(kind)});
    if (path === undefined) console.log("none");
    else await become("/bin/sh", ["-c", '${output} "$(cat $0)"; ${output} "$(cat $0)"', path]);`;
  return Bun.spawnSync([process.execPath, "-e", program], { stderr: "inherit" }).stdout.toString();
}

test.skipIf(process.platform !== "linux")("a file that can be read once is empty for the next reader", () => {
  expect(readTwice('"secret\\n"', "once")).toBe("[secret][]");
});

test.skipIf(process.platform !== "linux")("another one can be read again", () => {
  expect(readTwice('"secret\\n"', "always")).toBe("[secret][secret]");
});

const length = 'length() { printf "[%s]" "${#1}"; }; length';

test.skipIf(process.platform !== "linux").each([65_536, 65_537, 500_000])("a pipe takes %d bytes", (count) => {
  expect(readTwice(`"x".repeat(${count})`, "once", length)).toBe(`[${count}][0]`);
});

test("what is longer than a pipe can be is not left to anybody, and nobody waits", () => {
  expect(readTwice('"x".repeat(4_000_000)', "once")).toBe("none\n");
});

test("a path of another file is none of ours", () => {
  for (const path of ["/dev/fd/1", "/proc/self/fd/199", "/proc/1/fd/200", "/dev/fd/200/x", "200", undefined]) {
    expect(inheritedAt(path)).toBeUndefined();
  }
  expect(inheritedAt("/proc/self/fd/200")).toBe(200);
});
