/** Maven by `vouch exec`, with the settings.xml of docs/package-managers.md: a deployment, and a build that uses it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf } from "../docs/blocks.ts";
import { ended, type Laptop, registryName, startLaptop } from "../laptop.ts";
import { mavenEnvironment, requiresMaven } from "../maven.ts";
import { names } from "../sandbox/main.ts";
import { filesContaining } from "./disk.ts";
import { mavenProject, mavenUserProject } from "./projects.ts";

const repository = `https://${names.packageHost}/maven/${names.repository}/`;

describe.skipIf(!requiresMaven())("mvn", () => {
  let laptop: Laptop;
  let env: Record<string, string>;
  let library: string;
  const maven = (cwd: string, ...goals: string[]) =>
    laptop.run(["vouch", "exec", "--", "mvn", "--batch-mode", ...goals], { cwd, env, timeoutMs: 90_000 });

  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady("--registry-name", registryName);
    env = mavenEnvironment(laptop.home, laptop.sandbox);
    const settings = blocksOf("docs/package-managers.md").find(({ file }) => file === "settings.xml");
    writeFileSync(join(laptop.home, ".m2/settings.xml"), settings!.text);
    library = mavenProject(join(laptop.home, "my-artifact"), repository);
  }, 120_000);
  afterAll(async () => laptop?.stop());

  test("is refused the deployment by the repository without vouch exec", async () => {
    const { exitCode, stdout } = await laptop.run(["mvn", "--batch-mode", "deploy"], { cwd: library, env });
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain("401");
  }, 120_000);

  test("deploys, and then packages a project that uses the library", async () => {
    await ended(maven(library, "deploy"));
    // What deploy installed beside is not what the next build is to find.
    rmSync(join(laptop.home, ".m2/repository/com/example"), { recursive: true });
    const app = mavenUserProject(join(laptop.home, "maven-app"));
    expect(await ended(maven(app, "package"))).toContain(
      `Downloaded from codeartifact: ${repository}com/example/my-artifact/1.0.0/my-artifact-1.0.0.jar`,
    );
    const classes = [join(app, "target/classes"), join(library, "target/classes")].join(":");
    expect(await ended(laptop.run(["java", "-cp", classes, "com.example.App"]))).toBe("hello from my-artifact\n");
  }, 120_000);

  test("cannot deploy a released version again with other content", async () => {
    const source = "package com.example;\n\npublic class Other {}\n";
    mkdirSync(join(library, "src/main/java/com/example"), { recursive: true });
    writeFileSync(join(library, "src/main/java/com/example/Other.java"), source);
    const { exitCode, stdout } = await maven(library, "deploy");
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain("409");
  }, 120_000);

  test("deploys a snapshot twice", async () => {
    const snapshot = mavenProject(join(laptop.home, "snapshot"), repository);
    const pom = join(snapshot, "pom.xml");
    writeFileSync(pom, (await Bun.file(pom).text()).replace("<version>1.0.0<", "<version>1.1.0-SNAPSHOT<"));
    await ended(maven(snapshot, "deploy"));
    await ended(maven(snapshot, "deploy"));
  }, 120_000);

  test("leaves no token in any file, and nothing was asked of another repository", () => {
    expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
    expect(laptop.sandbox.refused).toEqual([]);
  });
});
