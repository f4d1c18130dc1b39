/** Bazel's entry in the table of tools. */
import { join } from "node:path";
import { homeFolder } from "../../base/system/home.ts";
import { failure, type Finding, type Machine, ok } from "../checks/finding.ts";
import { setupCommand } from "../registry-url.ts";
import { shimsFolder } from "../shims.ts";
import { readSmallFile } from "../checks/small-files.ts";
import type { Tool } from "../tool.ts";
import { helperLine, setCredentialHelper, unsetCredentialHelper } from "./config-file.ts";

const helperName = "vouch-credential-helper";

const helperPath = (env?: NodeJS.ProcessEnv): string => join(shimsFolder(env), helperName);
const bazelrc = (env?: NodeJS.ProcessEnv): string => join(homeFolder(env), ".bazelrc");

export const bazel: Tool = {
  // The helper answers for the endpoints of every format; this one is what Bazel's own downloads are, most often.
  format: "maven",
  programs: ["bazel", "bazelisk"],
  path: bazelrc,
  set: (text, { endpoints }, { id, file }) =>
    setCredentialHelper(text, id, { endpoint: endpoints.maven!, helper: helperPath(), file }),
  unset: (text, id, { file }, onKept) => unsetCredentialHelper(text, id, { file, onKept }),
  written: () => "Vouch as the credential helper for the repository's host",
  next: () => [["bazel build //...", "download what the repository has"]],
  hasDefault: false,
  settings: [],
  takesAll: () => false,
  project: { refusal: () => "A project's .bazelrc cannot name the credential helper, whose path is each person's own" },
  warnings: () => ["Bazel before 7 does not know --credential_helper, and stops at that line of ~/.bazelrc."],
  shims: () => [helperName],
  runShim: async (name, args) => (await import("./credential-helper.ts")).runCredentialHelper(name, args),
  needsShim: () => true,
  check: checkBazel,
  variables: [],
  tokenPlaces: () => [],
};

function checkBazel({ settings, env }: Machine): Finding[] {
  const path = bazelrc(env);
  const lines = new Set((readSmallFile(path) ?? "").split(/\r?\n/).map((line) => line.trim()));
  return settings.repositories.flatMap((repository): Finding[] => {
    const endpoint = repository.files?.["bazel"] === undefined ? undefined : repository.endpoints.maven;
    if (endpoint === undefined) return [];
    const { hostname } = new URL(endpoint);
    if (lines.has(helperLine(endpoint, helperPath(env)))) {
      return [ok("bazel-helper", `Bazel asks Vouch for ${hostname} (${path}).`)];
    }
    const said = `${path} does not name Vouch as the credential helper for ${hostname}: Bazel has no token there.`;
    return [failure("bazel-helper", said, setupCommand(repository, "bazel"))];
  });
}
