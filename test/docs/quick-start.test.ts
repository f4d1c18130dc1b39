/**
 * README.md's three commands, typed as they stand into bash on a laptop with nothing on it: the release is at its address,
 * and a person answers what is asked.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { releaseHost, releaseRoute } from "../build/release.ts";
import { type Laptop, person, sandboxExecutable, startLaptop } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { requires } from "../requires.ts";
import { names } from "../sandbox/main.ts";
import { myLib, seedPackage } from "../sandbox/packages.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { blocksOf } from "./blocks.ts";

const block = blocksOf("README.md").find(({ heading }) => heading === "From nothing to the first private package");
const commands = block!.text.trimEnd().split("\n");

test("README.md has three commands from nothing to the first private package", () => {
  expect(commands).toHaveLength(3);
  expect(commands[1]).toStartWith("vouch enroll ");
});

describe.skipIf(process.platform !== "linux" || !requires("bash", "curl", "npm", "sha256sum", "tar"))(
  "the three commands of README.md",
  () => {
    const release = tempFolderUntil(afterAll);
    let laptop: Laptop;

    beforeAll(async () => {
      await releaseHost(release, sandboxExecutable);
      laptop = await startLaptop({
        routes: [releaseRoute(release)],
      });
      await seedPackage(laptop.sandbox.registries, "npm", myLib);
      // A laptop before the first day: neither vouch nor its shims are on PATH.
      const path = laptop.env["PATH"]!.split(delimiter).filter((folder) => !folder.startsWith(laptop.folder));
      laptop.env["PATH"] = [join(laptop.home, ".local/bin"), ...path].join(delimiter);
      laptop.env["SHELL"] = "/bin/bash";
    });
    afterAll(() => laptop.stop());

    test("install Vouch, set everything up, and install a private package in a new terminal", async () => {
      const project = join(laptop.home, "my-app");
      mkdirSync(project);
      const code = await laptop.invite();
      const bash = { cwd: project, env: laptop.env };
      const first = await runInTerminal(["bash", "-i"], bash, async ({ see, type }) => {
        const answer = async (question: string | RegExp, text: string): Promise<void> => {
          await see(question);
          type(`${text}\r`);
        };
        type(`${commands[0]}\r`);
        await see(/Installed vouch \S+ as /);
        type(`${commands[1]}\r`);
        await answer("Enrolment code", code);
        await answer("PIN of", person.pin);
        await answer("The ARN of your AWS role", names.roleArn);
        await answer("The AWS region of your packages", names.region);
        await answer("PIN of", person.pin);
        await answer("installed? [Y/n]", "");
        await answer("Put the shims folder first on PATH", "");
        await see(/Checked: the \w+ registry of my-domain\/my-repo answers\./);
        type("exit\r");
      });
      expect(`exit code ${first.exitCode}\n${first.exitCode === 0 ? "" : first.screen}`).toBe("exit code 0\n");
      const second = await runInTerminal(["bash", "-i"], bash, async ({ see, type }) => {
        type(`${commands[2]}\r`);
        await see(/added \d+ package|npm (error|ERR!)/);
        type("exit\r");
      });
      expect(`exit code ${second.exitCode}\n${second.exitCode === 0 ? "" : second.screen}`).toBe("exit code 0\n");
      expect(readFileSync(join(project, "node_modules/my-lib/index.js"), "utf8")).toBe(myLib.files["index.js"]!);
    });
  },
);
