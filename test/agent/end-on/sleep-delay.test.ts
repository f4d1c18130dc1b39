/** The delay lock's program where it fails. */
import { expect, onTestFinished, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleepDelay } from "../../../src/agent/end-on/sleep-delay.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const denied = "Failed to inhibit: Access denied";

test("a process that systemd-inhibit leaves behind, with its stderr, holds nothing up", async () => {
  const folder = tempFolderUntil(onTestFinished);
  const program = join(folder, "systemd-inhibit");
  // It ends with the folder.
  writeFileSync(program, `#!/bin/sh\n(while [ -e "$0" ]; do sleep 0.1; done) >/dev/null &\nexit 1\n`);
  chmodSync(program, 0o755);
  const watch = sleepDelay({ PATH: `${folder}:/usr/bin:/bin` });
  const failure = await watch(new AbortController().signal, () => {}).then(
    () => undefined,
    (error: Error) => error.message,
  );
  expect(failure).toBe("systemd-inhibit ended with exit code 1");
});

test.each([
  ["at once", `exec 0<&-; echo "${denied}" >&2; exit 1`, `1: ${denied}`],
  ["after it has read", `read -r _; echo "${denied}" >&2; exit 1`, `1: ${denied}`],
  ["with much to say", `yes "${denied}" | head -n 100000 >&2; exit 1`, `1: ${denied}`],
  ["with what no terminal should get", `exec 0<&-; printf 'a\\033[2Jb' >&2; exit 1`, "1: a\ufffd[2Jb"],
  ["without a word", "exec 0<&-; exit 3", "3"],
])("systemd-inhibit that ends %s is named with its exit code and what it says", async (_, script, said) => {
  const folder = tempFolderUntil(onTestFinished);
  const program = join(folder, "systemd-inhibit");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  let isWorking = false;
  const watch = sleepDelay({ PATH: `${folder}:/usr/bin:/bin` });
  const failure = await watch(new AbortController().signal, () => (isWorking = true)).then(
    () => undefined,
    (error: Error) => error.message,
  );
  expect(failure).toBe(`systemd-inhibit ended with exit code ${said}`);
  expect(isWorking).toBe(false);
});
