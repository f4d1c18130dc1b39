import { expect, test } from "bun:test";
import { join } from "node:path";

const module = join(import.meta.dir, "../../src/helper/inherited-file.ts");
const becoming = join(import.meta.dir, "../../src/helper/real-command.ts");

/** What a shell reads of the file, twice, that a program has left it. */
function readTwice(content: string, kind: string): string {
  const program = `
    const { inheritedFile } = await import(${JSON.stringify(module)});
    const { become } = await import(${JSON.stringify(becoming)});
    const path = inheritedFile(${JSON.stringify(content)}, ${JSON.stringify(kind)});
    if (path === undefined) console.log("none");
    else await become("/bin/sh", ["-c", 'printf "[%s]" "$(cat $0)"; printf "[%s]" "$(cat $0)"', path]);`;
  return Bun.spawnSync([process.execPath, "-e", program], { stderr: "inherit" }).stdout.toString();
}

test.skipIf(process.platform !== "linux")("a file that can be read once is empty for the next reader", () => {
  expect(readTwice("secret\n", "once")).toBe("[secret][]");
});

test.skipIf(process.platform !== "linux")("another one can be read again", () => {
  expect(readTwice("secret\n", "always")).toBe("[secret][secret]");
});

test("what is longer than a pipe is not left to anybody", () => {
  expect(readTwice("x".repeat(65_537), "once")).toBe("none\n");
});
