/** What the first stage hands over, in a file that anybody could have made. */
import { afterAll, describe, expect, test } from "bun:test";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readAttempt } from "../../src/helper/attempt.ts";
import { executable } from "../laptop.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { rejection } from "../rejection.ts";

const folder = tempFolderUntil(afterAll, "/tmp");
let count = 0;

/** The descriptor of a file with this content, as the first stage writes it: two digits. */
function descriptorOf(content: string): string {
  const path = join(folder, `${count++}`);
  writeFileSync(path, content, "latin1");
  return `${openSync(path, "r")}`.padStart(2, "0");
}

test("route, body, answer and stdin are told apart by their lengths", () => {
  const attempt = readAttempt(descriptorOf("vouch first stage 1 1 250 9 2 3 4\n/v1/cargo{}abc\xffd\ne"));
  expect(attempt).toEqual({
    greeted: true,
    spentMs: 250,
    answered: { route: "/v1/cargo", body: "{}", answer: Buffer.from("abc") },
    stdin: Buffer.from("\xffd\ne", "latin1"),
  });
});

test("without an answer there is no question, and all of stdin may be left", () => {
  const stdin = "x".repeat(32_768);
  const attempt = readAttempt(descriptorOf(`vouch first stage 1 0 30000 0 0 0 32768\n${stdin}`));
  expect(attempt).toEqual({ greeted: false, spentMs: 30_000, stdin: Buffer.from(stdin) });
});

describe("what the first stage has not written is refused", () => {
  test.each([
    ["nothing", ""],
    ["another text", "hello\n"],
    ["another version", "vouch first stage 2 1 0 0 0 0 0\n"],
    ["a length too few", "vouch first stage 1 1 0 0 0 0\n"],
    ["less than it says", "vouch first stage 1 1 0 0 0 9 0\nabc"],
    ["more than it says", "vouch first stage 1 1 0 0 0 1 0\nabc"],
    ["a sign", "vouch first stage 1 1 -1 0 0 0 0\n"],
    ["more than its buffers hold", `vouch first stage 1 1 0 0 0 0 300000\n${"x".repeat(300_000)}`],
  ])("a file with %s", async (_, content) => {
    expect(await rejection(() => readAttempt(descriptorOf(content)))).toMatchObject({ code: "usage" });
  });

  test.each(["", "0", "00", "02", "3", "-1", "99", "100", "0x", " 5"])("the descriptor %p", async (descriptor) => {
    expect(await rejection(() => readAttempt(descriptor))).toMatchObject({ code: "usage" });
  });
});

test("the argument typed by hand ends with a sentence, and nothing is run", () => {
  for (const words of [["exec", "--", "echo", "ran"], ["--cargo-plugin"], ["status"]]) {
    const { exitCode, stdout, stderr } = Bun.spawnSync([executable, "--first-stage", "00", ...words]);
    expect([exitCode, stdout.toString()]).toEqual([2, ""]);
    expect(stderr.toString()).toBe(
      "vouch: --first-stage is an argument that the executable gives itself. Leave it out.\n",
    );
  }
});
