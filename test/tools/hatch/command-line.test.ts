import { describe, expect, test } from "bun:test";
import { makesEnvironments, parseHatch } from "../../../src/tools/hatch/command-line.ts";

const parse = (line: string, env = {}) => parseHatch(line.split(" "), env);

describe("hatch's command line", () => {
  test.each([
    "build",
    "env create",
    "run publish",
    "-e publish run x",
    "publish --help",
    "publish -p other",
    "--version",
  ])("publishes to no index: %s", (line) => {
    expect(parse(line)).toBeUndefined();
  });

  test.each([
    ["publish -r company", "company", "publish -r URL"],
    ["publish -ny -rcompany dist", "company", "publish -ny -rURL dist"],
    ["publish -yr company", "company", "publish -yr URL"],
    ["-e x --config c publish --repo=company", "company", "-e x --config c publish --repo=URL"],
  ])("names a repository that can be replaced: %s", (line, repository, replaced) => {
    const target = parse(line);
    expect(target).toMatchObject({ repository, hasCredentials: false });
    expect(target?.option?.replace("URL").join(" ")).toBe(replaced);
  });

  test("takes what is missing from the environment", () => {
    const env = { HATCH_INDEX_REPO: "company", HATCH_CONFIG: "/c", HATCH_INDEX_AUTH: "x" };
    expect(parse("publish", env)).toMatchObject({ repository: "company", configFile: "/c", hasCredentials: true });
    expect(parse("--config /d publish -r other", env)).toMatchObject({ repository: "other", configFile: "/d" });
    expect(parse("publish", { HATCH_PUBLISHER: "other" })).toBeUndefined();
  });

  test.each([
    ["-u me", true],
    ["-u aws", false],
    ["-a secret", true],
  ])("knows whether there are credentials of the person's own: %s", (options, hasCredentials) => {
    expect(parse(`publish ${options}`)).toMatchObject({ hasCredentials });
  });

  test.each([
    ["run x", true],
    ["-e test shell", true],
    ["build", true],
    ["publish -r x", false],
    ["config show", false],
    ["--version", false],
  ])("makes environments, or not: %s", (line, makes) => {
    expect(makesEnvironments(line.split(" "))).toBe(makes);
  });
});
