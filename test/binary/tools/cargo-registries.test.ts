/** A project that names the user's registry too: what the real cargo makes of both, and whether the doctor's remedies help. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cargoIndex,
  ended,
  type Finished,
  type Laptop,
  registryName,
  type RunOptions,
  startLaptop,
} from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { crateProject, crateUserProject } from "../projects.ts";

const variable = "CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY";
/** What AWS's manual tells to write into a project. */
const awsText = `[registries.${registryName}]\nindex = "${cargoIndex}"\ncredential-provider = "cargo:token-from-stdout aws codeartifact get-authorization-token --domain my-domain --output text"\n`;

describe.skipIf(!requires("cargo"))("a project with a registry of its own", () => {
  let laptop: Laptop;
  let config: string;
  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady("--registry-name", registryName, "--tool", "cargo");
    config = readFileSync(join(laptop.home, ".cargo/config.toml"), "utf8");
    const crate = crateProject(join(laptop.folder, "my-crate"), "my-crate", registryName);
    await ended(
      laptop.run(["cargo", "publish", "--registry", registryName, "--allow-dirty", "--no-verify"], { cwd: crate }),
    );
  });
  afterAll(async () => laptop?.stop());

  let count = 0;
  function project(text: string, registry = registryName): string {
    const folder = crateUserProject(join(laptop.folder, `project-${++count}`), "my-crate", registry);
    mkdirSync(join(folder, ".cargo"));
    writeFileSync(join(folder, ".cargo/config.toml"), text);
    return folder;
  }

  function fetch(options: RunOptions): Promise<Finished> {
    rmSync(join(laptop.home, ".cargo/registry"), { recursive: true, force: true });
    return laptop.run(["cargo", "fetch"], options);
  }

  /** The remedies of the doctor's failures about Cargo, in this folder. */
  async function remedies(options: RunOptions): Promise<string[]> {
    const { stdout } = await laptop.run(["vouch", "doctor", "--json"], options);
    const { sections } = JSON.parse(stdout) as {
      sections: { findings: { check: string; status: string; remedy?: string }[] }[];
    };
    return sections
      .flatMap(({ findings }) => findings)
      .filter(({ check, status }) => status === "fail" && /^cargo|^environment/.test(check))
      .map(({ remedy }) => remedy ?? "");
  }

  test("as AWS documents it, for our name, is merged with ours, and the doctor's variable makes Cargo ask Vouch", async () => {
    const cwd = project(awsText);
    await ended(laptop.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], { cwd }));
    const [remedy] = await remedies({ cwd });
    const [, name, value] = /export (\w+)=(\S+)$/.exec(remedy ?? "") ?? [];
    expect(name).toBe(`${variable}_CREDENTIAL_PROVIDER`);
    const env = { [name!]: value };
    await ended(fetch({ cwd, env }));
    expect(await remedies({ cwd, env })).toEqual([]);
    // The other one: the line is gone.
    const other = project(awsText.replace(/^credential-provider.*\n/m, ""));
    await ended(fetch({ cwd: other }));
    expect(await remedies({ cwd: other })).toEqual([]);
  });

  test("that has an array is a conflict that the doctor names, and works with a string", async () => {
    const text = `[registries.${registryName}]\ncredential-provider = ["vouch"]\n`;
    const cwd = project(text);
    expect((await fetch({ cwd })).exitCode).not.toBe(0);
    const [remedy] = await remedies({ cwd });
    const [, line] = /as a string: (credential-provider = ".*")$/.exec(remedy ?? "") ?? [];
    expect(line).toBeString();
    writeFileSync(join(cwd, ".cargo/config.toml"), text.replace(/^credential-provider.*$/m, line!));
    await ended(fetch({ cwd }));
    expect(await remedies({ cwd })).toEqual([]);
  });

  test("works after setup has turned an earlier version's array into a string", async () => {
    const cwd = project(awsText);
    const path = join(laptop.home, ".cargo/config.toml");
    writeFileSync(path, config.replace(/^credential-provider = (.*)$/m, "credential-provider = [$1]"));
    expect((await fetch({ cwd })).exitCode).not.toBe(0);
    expect((await remedies({ cwd })).join("\n")).toContain("it writes a string");
    await laptop.setUpRepository("--tool", "cargo");
    expect(readFileSync(path, "utf8")).toBe(config);
  });

  test("that has another name for the index works after the doctor's command", async () => {
    const cwd = project(`[registries.company]\nindex = "${cargoIndex}"\n`, "company");
    expect((await fetch({ cwd })).stderr).toContain("multiple registries are configured with the same index url");
    const remedy = (await remedies({ cwd })).find((each) => each.includes("--registry-name"));
    expect(remedy).toEndWith("--registry-name company");
    await ended(laptop.run(remedy!.split(" "), { cwd }));
    await ended(fetch({ cwd }));
    expect(await remedies({ cwd })).toEqual([]);
    await laptop.setUpRepository("--tool", "cargo", "--registry-name", registryName);
  });

  test("ignores a token in the environment beside a provider and uses it without one, and the doctor knows", async () => {
    const cwd = project("");
    const env = { [`${variable}_TOKEN`]: "bogus" };
    await ended(fetch({ cwd, env }));
    expect(await remedies({ cwd, env })).toEqual([]);
    const path = join(laptop.home, ".cargo/config.toml");
    writeFileSync(path, config.replace(/^credential-provider.*\n/m, ""));
    const taken = await fetch({ cwd, env });
    expect(taken.exitCode).not.toBe(0);
    expect(await remedies({ cwd, env })).toContain(`unset ${variable}_TOKEN`);
    writeFileSync(path, config);
  });
});
