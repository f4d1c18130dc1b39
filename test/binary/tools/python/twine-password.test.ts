/** twine, old and new: its password is in a pipe that is empty for whatever twine starts, and in no environment. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonDistributions } from "../../../docs/projects.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { filesContaining } from "../../disk.ts";
import { type HostileProject, startHostileProject } from "../../hostile/python/project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const endpoint = `https://${names.packageHost}/pypi/${names.repository}/`;

let at: HostileProject;
let version = 0;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "twine");
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => {
  at.reset();
  pythonDistributions(at.folder, `0.1.${++version}`);
});

/** A program for `--sign-with`, which twine starts before it uploads: it writes down what it finds of a token. */
function spy(): { path: string; seen: string } {
  const path = join(at.laptop.folder, "spy");
  const seen = join(at.laptop.folder, "seen");
  const text = `#!/usr/bin/env python3
import glob, os, subprocess, sys
def read(path):
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
twine = os.getppid()
with open(${JSON.stringify(seen)}, "wb") as out:
    for process in ("self", twine):
        out.write(read(f"/proc/{process}/environ").replace(b"\\0", b"\\n"))
        out.write(read(f"/proc/{process}/cmdline"))
        for descriptor in glob.glob(f"/proc/{process}/fd/2[0-9][0-9]"):
            out.write(b"\\ndescriptor " + read(descriptor))
    out.write(read(os.environ["VOUCH_TWINE"]))
    again = [os.environ["REAL_TWINE"], "upload", sys.argv[-1]]
    nested = subprocess.run(again, capture_output=True, text=True, timeout=60)
    out.write(f"\\nnested: {nested.returncode} {' '.join((nested.stdout + nested.stderr).split())}".encode())
open(sys.argv[-1] + ".asc", "w").write("signature")
`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  rmSync(seen, { force: true });
  return { path, seen };
}

describe.each([
  ["twine 4", join(tools, "twine-4/bin")],
  ["twine 7", join(tools, "python-publish/bin")],
])("%s", (_, bin) => {
  const real = join(bin, "twine");
  const upload = ["twine", "upload", "--disable-progress-bar"];
  const sdist = () => `dist/my_tool-0.1.${version}.tar.gz`;
  const publish = (args: string[], env: Record<string, string> = {}, files = {}) =>
    at.run(bin, [...upload, ...args, sdist()], files, { env: { REAL_TWINE: real, ...env }, honest: true });

  test.skipIf(!requires(real) || process.platform !== "linux")(
    "what twine starts finds no token, and another twine cannot upload by what it has inherited",
    async () => {
      const { path, seen } = spy();
      const { exitCode, stdout, stderr } = await publish(["-r", names.repository, "--sign", "--sign-with", path]);
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      const text = readFileSync(seen, "utf8");
      expect(text).toMatch(/^VOUCH_TWINE=\/proc\/self\/fd\/2\d\d$/m);
      expect(text.match(new RegExp(`^TWINE_REPOSITORY_URL=${endpoint}$`, "gm"))).toHaveLength(2);
      // The pipe itself is still there, and empty.
      expect(text).toMatch(/^descriptor (\n|$)/m);
      expect(text).not.toContain("vouch-sandbox-token");
      expect(text).toMatch(/nested: 1 .*vouch: the token to publish with can be read once/);
      expect(text).toMatch(/nested: .*Credential not found/);
      expect(filesContaining(at.laptop.folder, /vouch-sandbox-token/)).toEqual([]);
    },
    120_000,
  );

  test.skipIf(!requires(real)).each<[string, Record<string, string>]>([
    ["an empty password", { TWINE_PASSWORD: "" }],
    ["a keyring of the person's own", { PYTHON_KEYRING_BACKEND: "keyring.backends.fail.Keyring" }],
    ["modules of the person's own", { PYTHONPATH: "/nowhere" }],
  ])(
    "publishes beside %s",
    async (_title, env) => {
      const { exitCode, stdout, stderr } = await publish(["-r", names.repository], env);
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
    },
    60_000,
  );

  test.skipIf(!requires(real))(
    "ends with an error where its Python loads no modules from outside, and asks for no password",
    async () => {
      const isolated = join(at.laptop.folder, "isolated");
      mkdirSync(isolated, { recursive: true });
      const text = `#!/bin/sh\nexec "${join(bin, "python")}" -I "${real}" "$@"\n`;
      writeFileSync(join(isolated, "twine"), text, { mode: 0o755 });
      const command = [...upload, "-r", names.repository, sdist()];
      const { exitCode, stdout, stderr } = await at.run(isolated, command, {}, { honest: true });
      expect(exitCode).toBe(1);
      expect(stdout + stderr).toContain("Credential not found for password");
    },
    60_000,
  );
});
