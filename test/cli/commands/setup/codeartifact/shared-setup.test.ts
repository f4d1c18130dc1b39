/** Package managers that read the files of one set-up: what the command does for others than it names is said, or refused. */
import { describe, expect, test } from "bun:test";
import { codeartifact, names, read, setRole, settings, setup, snapshot, useHome, write } from "../home.ts";

useHome();

const install = (...programs: string[]) => {
  for (const name of programs) write(`tools/${name}`, "#!/bin/sh\n", 0o755);
};
const remove = (...tools: string[]) => codeartifact("--remove", "--tool", tools.join(","));

describe("a set-up that package managers share", () => {
  test("is said to be for the others, too, as far as they are installed", async () => {
    await setRole();
    const { stderr: alone } = await codeartifact("--tool", "npm");
    expect(alone).not.toContain("one set-up");
    install("pnpm");
    const { stderr } = await codeartifact("--tool", "pnpm");
    expect(stderr).toContain("pnpm and npm share one set-up: this is for npm, too.");
  });

  test.each([
    ["pnpm", "npm", ".npmrc"],
    ["deno", "npm", ".npmrc"],
    ["pipx", "pip", ".config/pip/pip.conf"],
  ])("is not taken away for %s alone: %s would lose it without a word", async (other, owner, file) => {
    await setRole();
    install(other);
    await codeartifact("--tool", other);
    const before = snapshot();
    const { exitCode, stderr } = await remove(other);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`Nothing was changed: ${other} and ${owner} share one set-up.`);
    const [, command = ""] = /`vouch setup (codeartifact .*)`/.exec(stderr) ?? [];
    expect(command).toBe(`codeartifact ${names.join(" ")} --remove --tool ${other},${owner}`);
    expect(snapshot()).toEqual(before);
    // The command of the hint does it.
    expect(await setup(...command.split(" "))).toMatchObject({ exitCode: 0 });
    expect(settings().repositories).toEqual([]);
    expect(Object.keys(snapshot())).not.toContain(file);
  });

  test("is taken away for one that is the only one installed", async () => {
    await setRole();
    install("gem");
    await codeartifact("--tool", "gem");
    expect(await remove("gem")).toMatchObject({ exitCode: 0 });
    expect(settings().repositories).toEqual([]);
  });

  test("is taken away by its own name, and the others are named", async () => {
    await setRole();
    install("pnpm", "deno");
    await codeartifact("--tool", "npm,pip");
    const { exitCode, stderr } = await remove("npm");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("pnpm and deno shared the set-up of npm, which is taken away for pnpm and deno, too.");
    expect(read(".config/pip/pip.conf")).toContain("my-domain");
  });

  test("that the repository does not have is nothing to refuse", async () => {
    await setRole();
    install("pnpm");
    await codeartifact("--tool", "pip");
    expect(await remove("pnpm")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("is not set up for npm"),
    });
  });
});
