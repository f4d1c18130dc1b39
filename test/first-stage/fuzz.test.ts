/**
 * The first stage as an ordinary program with AddressSanitizer and UndefinedBehaviorSanitizer, in a million worlds that
 * are mutated, broken or hostile (test/first-stage/fuzz). A failure names the number of its world.
 */
import { afterAll, expect, test } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires, sanitizingCompilers } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { compileFuzzer, sourceFolder } from "./compile.ts";

const folder = tempFolderUntil(afterAll);
const compilers = sanitizingCompilers();

interface Outcome {
  exitCode: number;
  stderr: string;
  /** How many worlds ended in which way. */
  endings: Record<string, number>;
}

async function fuzz(program: string, first: number, count: number): Promise<Outcome> {
  const child = Bun.spawn([program, String(first), String(count)], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const lines = stdout.matchAll(/^(\d+) (.*)$/gm);
  return {
    exitCode,
    stderr,
    endings: Object.fromEntries([...lines].map(([, number, what]) => [what!, Number(number)])),
  };
}

test.skipIf(compilers.length === 0)(
  "a million worlds: no byte out of place, no loop without an end, no secret to a stranger",
  async () => {
    // Each compiler optimizes and checks in its own way; two programs keep two cores busy.
    const kinds = [compilers[0]!, compilers.at(-1)!];
    await Promise.all(
      [...new Set(kinds)].map((name) => compileFuzzer(name, "address,undefined", sourceFolder, join(folder, name))),
    );
    const outcomes = await Promise.all(kinds.map((name, index) => fuzz(join(folder, name), index * 500_000, 500_000)));
    for (const { endings, ...outcome } of outcomes) {
      expect(outcome).toEqual({ exitCode: 0, stderr: "" });
      // Deep enough: every end is reached often.
      expect(Object.keys(endings)).toEqual([
        "left",
        "told the runtime",
        "answered",
        "became the command",
        "ended early",
      ]);
      for (const count of Object.values(endings)) expect(count).toBeGreaterThan(4000);
    }
  },
  900_000,
);

test.skipIf(!requires("clang"))(
  "no byte that was never written is read",
  async () => {
    await compileFuzzer("clang", "memory", sourceFolder, join(folder, "memory"));
    expect(await fuzz(join(folder, "memory"), 1_000_000, 20_000)).toMatchObject({ exitCode: 0, stderr: "" });
  },
  300_000,
);

const planted: [what: string, file: string, right: string, wrong: string, found: RegExp][] = [
  ["a search that reads a byte too far", "text.h", "start > 0 && ", "", /AddressSanitizer/],
  [
    "a buffer that is written past its end",
    "text.h",
    "if (text.size > buffer->capacity - buffer->size)",
    "if (text.size > 100000)",
    /AddressSanitizer|runtime error/,
  ],
  ["a peer that is not looked at", "agent.c", " && peer == owner", "", /nothing is sent to another user's process/],
  [
    "a folder that anybody may have put there",
    "agent.c",
    "if ((status.mode & WRITE_OF_OTHERS) != 0 && ((status.mode & STICKY) == 0 || !is_root_or(&child, user))) return 0;",
    "(void)child;",
    /that others may have put there/,
  ],
  [
    "a part of an answer taken for all",
    "agent.c",
    "if (is_whole(answer, body)) return answer;",
    "is_whole(answer, body); return answer;",
    /input \d+/,
  ],
  [
    "a variable of the agent's choice",
    "exec.c",
    "if (!is_token_variable(name)) return 0;",
    "if (!is_token_variable(name) && name.size == 0) return 0;",
    /no variable from the agent but tokens/,
  ],
  [
    "a pipe that is full, tried for ever",
    "agent.c",
    "now >= deadline || ",
    "",
    /a bounded number of system calls|a limit of time/,
  ],
];

test.skipIf(compilers.length === 0).each(planted)(
  "the fuzzer finds a planted fault: %s",
  async (what, file, right, wrong, found) => {
    const sources = join(folder, what);
    cpSync(sourceFolder, sources, { recursive: true });
    const text = readFileSync(join(sources, file), "utf8");
    expect(text.split(right)).toHaveLength(2);
    writeFileSync(
      join(sources, file),
      text.replace(right, () => wrong),
    );
    const program = join(sources, "fuzzer");
    await compileFuzzer(compilers[0]!, "address,undefined", sources, program);
    const { exitCode, stderr } = await fuzz(program, 0, 100_000);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(found);
    expect(stderr).toMatch(/input \d+/);
  },
  300_000,
);
