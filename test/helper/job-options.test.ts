import { describe, expect, test } from "bun:test";
import { takeJobOptions } from "../../src/helper/job-options.ts";

describe("of the flags of a job and the command behind them", () => {
  test.each<[string, string[], Record<string, string>, string[]]>([
    ["none", ["--", "npm", "ci"], {}, ["--", "npm", "ci"]],
    ["two words", ["--identity", "gitlab", "--", "x"], { VOUCH_IDENTITY: "gitlab" }, ["--", "x"]],
    ["one word", ["--identity=gitlab", "x"], { VOUCH_IDENTITY: "gitlab" }, ["x"]],
    ["a value with =", ["--role=a=b"], { VOUCH_ROLE: "a=b" }, []],
    ["a repeated repository", ["--repository", "one", "--repository=two"], { VOUCH_REPOSITORY: "one,two" }, []],
    ["only in front", ["--region", "r", "cmd", "--role", "x"], { VOUCH_REGION: "r" }, ["cmd", "--role", "x"]],
    [
      "a trace",
      ["--debug", "--role=r", "--debug", "--", "x", "--debug"],
      { VOUCH_DEBUG: "1", VOUCH_ROLE: "r" },
      ["--", "x", "--debug"],
    ],
    ["not behind --", ["--", "--identity", "x"], {}, ["--", "--identity", "x"]],
    ["one that is not ours stays", ["--json", "--role", "x"], {}, ["--json", "--role", "x"]],
  ])("each becomes what is expected: %s", (_title, words, variables, rest) => {
    const env: Record<string, string | undefined> = {};
    expect(takeJobOptions(words, env, "vouch exec").rest).toEqual(rest);
    expect(env).toEqual(variables);
  });

  test("a flag replaces the variable that was there before", () => {
    const env = { VOUCH_REPOSITORY: "before" };
    takeJobOptions(["--repository", "now"], env, "vouch exec");
    expect(env.VOUCH_REPOSITORY).toBe("now");
  });

  test.each([[["--identity"]], [["--identity="]], [["--identity", "--role"]]])(
    "one without a value is a usage error: %p",
    (words) => {
      let thrown: unknown;
      try {
        takeJobOptions(words, {}, "vouch credential codeartifact");
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({
        code: "usage",
        message: "--identity expects a value.",
        hint: "See `vouch credential codeartifact --help`.",
      });
    },
  );
});
