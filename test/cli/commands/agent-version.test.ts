/** How the versions of agent and executable are compared. */
import { expect, test } from "bun:test";
import { otherVersion } from "../../../src/cli/commands/agent-version.ts";

const own = { version: "1.10.0", build: "aaaaaaaaaaaa" };

test.each([
  ["1.9.0", undefined, "older"],
  ["1.10.0-beta.1", undefined, "older"],
  ["1.10.1", undefined, "newer"],
  ["2.0.0", "aaaaaaaaaaaa", "newer"],
  ["1.10.0", "bbbbbbbbbbbb", "other"],
  ["no version", undefined, "older"],
] as const)("an agent of %s (build %s) is %s", (version, build, relation) => {
  const agent = build === undefined ? { version } : { version, build };
  expect(otherVersion(agent, own)?.relation).toBe(relation);
});

test.each([{ version: "1.10.0" }, own])(
  "an agent of the same version, or of no build that it tells, is the same",
  (agent) => {
    expect(otherVersion(agent, own)).toBeUndefined();
  },
);
