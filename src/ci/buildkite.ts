/** Buildkite: ID token from `buildkite-agent`. https://buildkite.com/docs/agent/v3/cli-oidc */
import { VouchError } from "../base/errors.ts";
import { findOnPath } from "../base/system/path.ts";
import { runProgram } from "../base/system/program.ts";
import { readIdToken } from "./id-token.ts";
import type { Platform } from "./platform.ts";

const program = "buildkite-agent";
const limitMs = 30_000;

export const buildkite: Platform = {
  takes: ["audience"],
  async idToken({ env, audience = "sts.amazonaws.com", now, signal }) {
    const file = findOnPath(program, env);
    if (file === undefined) {
      throw new VouchError("identity_unavailable", `The identity buildkite needs ${program}, which is not on PATH.`, {
        hint: `Run this in a Buildkite job; into a container ${program} is mounted with the Docker plugin's \`mount-buildkite-agent: true\`.`,
      });
    }
    const args = ["oidc", "request-token", "--audience", audience];
    const { exitCode, stdout, stderr } = await runProgram(file, args, { env, timeoutMs: limitMs, signal });
    if (exitCode !== 0) {
      const why = stderr.trim().split("\n").at(-1)?.slice(0, 500) || `exit code ${exitCode}`;
      throw new VouchError("identity_unavailable", `\`${program} oidc request-token\` gave no ID token: ${why}.`, {
        hint: "It needs the job's own environment (BUILDKITE_JOB_ID, BUILDKITE_AGENT_ACCESS_TOKEN) and an agent of version 3.46 or later.",
      });
    }
    return readIdToken(stdout, `\`${program} oidc request-token\``, now());
  },
};
