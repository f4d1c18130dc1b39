import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { neededLibraries } from "../../build/needed-libraries.ts";
import { nodeHidBinding } from "../../build/node-hid.ts";
import { targets } from "../../build/targets.ts";

const linux = targets.filter(({ platform }) => platform === "linux").map((target) => [target.name, target] as const);

/** What Debian's libc6 and Alpine's musl bring, and what docs/install.md says is needed to open a key. */
const glibc = ["libc.so.6", "libm.so.6", "libpthread.so.0"];
const musl = ["libc.musl-x86_64.so.1"];
const documented = ["libudev.so.1", "libstdc++.so.6", "libgcc_s.so.1"];

test.each(linux)(
  "node-hid's binding for %s needs the libraries that the documentation names and no more",
  async (name, target) => {
    const needed = neededLibraries(new Uint8Array(readFileSync(await nodeHidBinding(target))));
    const own = name.includes("musl") ? musl : glibc;
    expect(needed.filter((library) => ![...documented, ...own].includes(library))).toEqual([]);
    expect(needed).toEqual(expect.arrayContaining(documented));
  },
);
