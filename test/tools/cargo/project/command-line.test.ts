import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoArguments, namedFolders } from "../../../../src/tools/cargo/project/command-line.ts";
import { tempFolder } from "../../../temp-folder.ts";

/** Runs `body` with the process id of a program that waits, started with this name and these arguments. */
async function withProcess(argv0: string, args: string[], body: (pid: number) => void): Promise<void> {
  const script = "echo; read line";
  const child = Bun.spawn(["/bin/sh", "-c", script, ...args], { argv0, stdin: "pipe", stdout: "pipe" });
  try {
    // Its command line is there when it runs.
    await child.stdout.getReader().read();
    body(child.pid);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}

describe("the arguments of the Cargo that asks", () => {
  test.skipIf(process.platform !== "linux")("are those of the parent, word for word", async () => {
    await withProcess("/opt/bin/cargo", ["install", "--path", "a b"], (pid) => {
      expect(cargoArguments(pid, "linux")).toEqual([
        "/opt/bin/cargo",
        "-c",
        "echo; read line",
        "install",
        "--path",
        "a b",
      ]);
    });
  });

  test.skipIf(process.platform === "win32")(
    "are read from ps, where each run of words may be one argument",
    async () => {
      await withProcess("cargo", ["install", "--path", "a b"], (pid) => {
        expect(cargoArguments(pid, "darwin")).toEqual(expect.arrayContaining(["cargo", "--path", "a b", "a", "b"]));
      });
    },
  );

  test.skipIf(process.platform !== "linux")("include those of the processes between, behind a wrapper", async () => {
    await withProcess("wrapper", ["--cargo-plugin"], (pid) => {
      const words = cargoArguments(pid, "linux");
      expect(words[0]).toBe("wrapper");
      expect(words).toContain(process.argv0);
    });
  });

  test.each(["linux", "darwin"] as const)(
    "are no guess: a process that cannot be read is an error (%s)",
    (platform) => {
      expect(() => cargoArguments(2 ** 22 + 1, platform)).toThrow("cannot read the command line");
    },
  );
});

test("folders on Cargo's command line are found wherever a word can name one", () => {
  using root = tempFolder();
  for (const name of ["one", "two", "a b", "four", "five"]) mkdirSync(join(root.path, name));
  writeFileSync(join(root.path, "five/script.rs"), "");
  const words = [
    "cargo",
    "build",
    "one",
    `--path=${root.path}/two`,
    "-Cfour",
    "a b",
    "five/script.rs",
    'alias.x="install one"',
  ];
  const found = namedFolders(words, root.path);
  for (const name of ["one", "two", "four", "a b", "five"]) expect(found).toContain(join(root.path, name));
  expect(namedFolders(["x", "", "\0", "one/\u0000"], root.path)).toEqual([]);
});
