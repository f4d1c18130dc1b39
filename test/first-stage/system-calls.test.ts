/** The numbers of the system calls in src/first-stage/system.c, against the kernel's own headers where they are installed. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sourceFolder } from "./compile.ts";

const headers = {
  x86_64: ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/x86_64-linux-gnu/include/asm/unistd_64.h"],
  aarch64: ["/usr/include/asm-generic/unistd.h"],
};

/** The lower-case names and numbers of the calls for the machine. */
function callsOf(machine: string): [name: string, number: number][] {
  const source = readFileSync(join(sourceFolder, "system.c"), "utf8");
  const part = source.slice(source.indexOf(`defined(__${machine}__)`));
  const table = part.slice(0, part.indexOf("};"));
  return [...table.matchAll(/\bNR_(\w+) = (\d+),/g)].map(([, name, number]) => [name!.toLowerCase(), Number(number)]);
}

test("both architectures have the same calls", () => {
  const [x64, arm64] = ["x86_64", "aarch64"].map((machine) =>
    callsOf(machine)
      .map(([name]) => name)
      .toSorted(),
  );
  expect(x64?.length).toBeGreaterThan(20);
  expect(arm64).toEqual(x64);
});

describe.skipIf(process.platform !== "linux").each(Object.entries(headers))("%s", (machine, paths) => {
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    if (process.env["CI"] === "true") throw new Error(`In CI every test runs, but ${paths.join(" and ")} are missing`);
    console.warn(`SKIPPED: needs ${paths.join(" or ")}, of the kernel's headers`);
  }
  test.skipIf(path === undefined)("numbers are the kernel's", () => {
    const header = readFileSync(path!, "utf8");
    for (const [name, number] of callsOf(machine)) {
      const real = new RegExp(`^#define __NR(?:3264)?_${name} (\\d+)$`, "m").exec(header)?.[1];
      expect(`${name} ${number}`).toBe(`${name} ${real}`);
    }
  });
});
