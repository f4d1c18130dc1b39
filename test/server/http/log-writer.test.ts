/** The log's lines on a descriptor that takes them in part, or not at all. */
import { afterEach, expect, jest, onTestFinished, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { LogWriter } from "../../../src/server/http/log-writer.ts";
import { tempFolder } from "../../temp-folder.ts";

afterEach(() => {
  jest.useRealTimers();
});

function opened(path: string, flags: string | number): number {
  const descriptor = openSync(path, flags);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

test("a line that a pipe takes in parts arrives whole, with the next one behind it", async () => {
  using folder = tempFolder();
  const path = join(folder.path, "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = new LogWriter(opened(path, constants.O_WRONLY | constants.O_NONBLOCK));
  // Larger than a pipe.
  const entries = [{ detail: { text: "x".repeat(300_000) } }, { number: 2 }];
  for (const entry of entries) writer.write(entry);
  let text = "";
  const chunk = Buffer.alloc(65_536);
  while (!text.endsWith('{"number":2}\n')) {
    try {
      text += chunk.toString("utf8", 0, readSync(reader, chunk));
    } catch (error) {
      expect(error).toMatchObject({ code: "EAGAIN" });
      await Bun.sleep(1);
    }
  }
  expect(text).toBe(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  await writer.close(1000);
});

test.skipIf(process.platform !== "linux")(
  "after its close nothing is written: another file may have the descriptor's number",
  async () => {
    using folder = tempFolder();
    const writer = new LogWriter(opened("/dev/full", "w"));
    jest.useFakeTimers();
    writer.write({ number: 1 });
    writer.write({ number: 2 });
    const closing = writer.close(1);
    jest.advanceTimersByTime(1);
    await closing;
    const paths = Array.from({ length: 8 }, (_, index) => join(folder.path, `${index}`));
    for (const path of paths) opened(path, "w");
    jest.advanceTimersByTime(1000);
    writer.write({ number: 3 });
    expect(paths.map((path) => readFileSync(path, "utf8")).join("")).toBe("");
  },
);
