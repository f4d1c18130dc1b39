import { describe, expect, test } from "bun:test";
import { parsePdm } from "../../../src/tools/pdm/command-line.ts";

const parse = (line: string, env = {}) => parsePdm(line.split(" "), env);

describe("PDM's command line", () => {
  test.each([
    "build",
    "run publish",
    "-p publish lock",
    "-c publish install",
    "publish --help",
    "publish -h",
    "--version",
  ])("publishes nothing: %s", (line) => {
    expect(parse(line)).toBeUndefined();
  });

  test.each([
    ["publish -r company", "company", "publish -r URL"],
    ["-v publish -vr company --no-build", "company", "-v publish -vr URL --no-build"],
    ["publish -rcompany", "company", "publish -rURL"],
    ["-c mine.toml publish --repository=company", "company", "-c mine.toml publish --repository=URL"],
    ["publish --repo company", "company", "publish --repo URL"],
    ["publish -r other -r company", "company", "publish -r other -r URL"],
  ])("names a repository that can be replaced: %s", (line, repository, replaced) => {
    const target = parse(line, { PDM_PUBLISH_REPO: "variable" });
    expect(target).toMatchObject({ repository, hasCredentials: false });
    expect(target?.option?.replace("URL").join(" ")).toBe(replaced);
  });

  test.each([
    ["-c mine.toml publish -c comment", "mine.toml"],
    ["--config=mine.toml -v publish", "mine.toml"],
    ["publish -c comment", undefined],
  ])("names a configuration before the command alone: %s", (line, configFile) => {
    expect(parse(line)?.configFile).toBe(configFile);
  });

  test("takes what is missing from the environment", () => {
    expect(parse("publish", { PDM_PUBLISH_REPO: "company" })).toMatchObject({
      repository: "company",
      option: undefined,
    });
    expect(parse("publish")).toMatchObject({ repository: undefined });
    expect(parse("publish", { PDM_PUBLISH_PASSWORD: "x" })).toMatchObject({ hasCredentials: true });
  });

  test.each([
    ["-u me", true],
    ["-u aws", false],
    ["-P secret", true],
    ["--password=secret", true],
  ])("knows whether there are credentials of the person's own: %s", (options, hasCredentials) => {
    expect(parse(`publish ${options}`)).toMatchObject({ hasCredentials });
  });
});
