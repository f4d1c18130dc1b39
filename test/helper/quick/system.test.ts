/** The numbers of the system calls, against the kernel's own headers where they are installed. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { openSystem } from "../../../src/helper/quick/agent.ts";

const headers = { x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", arm64: "/usr/include/asm-generic/unistd.h" };
const calls = ["read", "write", "fcntl", "openat", "statx", "socket", "setsockopt", "connect", "sendto"] as const;

/** What openSystem gives on another architecture. */
function systemOn(arch: string) {
  const own = Object.getOwnPropertyDescriptor(process, "arch")!;
  Object.defineProperty(process, "arch", { ...own, value: arch });
  try {
    return openSystem()!;
  } finally {
    Object.defineProperty(process, "arch", own);
  }
}

describe.skipIf(process.platform !== "linux")("system calls", () => {
  for (const [arch, header] of Object.entries(headers)) {
    if (!existsSync(header)) continue;
    test(`${arch}: as in ${header}`, () => {
      const text = readFileSync(header, "utf8");
      const system = systemOn(arch);
      for (const call of calls) {
        const number = new RegExp(`^#define __NR(?:3264)?_${call} (\\d+)$`, "m").exec(text)?.[1];
        expect(`${call} ${system[call]}`).toBe(`${call} ${number}`);
      }
    });
  }
});
