/** Doctor's checks of NuGet: the sources of the user's file, and whether dotnet finds the plugin on PATH. */
import { findOnPath, withSafePath } from "../../base/system/path.ts";
import type { Environment } from "../../base/environment.ts";
import { failure, type Finding, ok, type Machine } from "../checks/finding.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { sourcesIn } from "./config-file.ts";
import { nugetConfigPath } from "./config-path.ts";

/** Asking takes a tenth of a second. */
const timeoutMs = 10_000;

/** Findings on the sources of the user's NuGet.Config. */
export function checkNuget({ env, settings }: Machine): Finding[] {
  const file = nugetConfigPath(env);
  let sources: { name: string; url: string }[];
  try {
    sources = sourcesIn(readSmallFile(file) ?? "<configuration/>", file);
  } catch (error) {
    return [failure("nuget-config", (error as Error).message, "Correct the file.")];
  }
  const findings = sources.flatMap(({ name, url }): Finding[] => {
    const found = classify(url, "nuget", settings);
    const said = `The source ${name} of NuGet is ${withoutSecrets(url)} (${file})`;
    if (found.kind === "other") return [];
    if (found.kind === "configured") return [ok("nuget-sources", `${said}.`)];
    const remedy = codeArtifactRemedy(found, "nuget");
    return [failure("nuget-sources", `${said}, a repository that Vouch is not set up for.`, remedy)];
  });
  const first = settings.repositories.find(({ files }) => files?.["nuget"] !== undefined);
  if (first === undefined) return findings;
  if (!sources.some(({ url }) => classify(url, "nuget", settings).kind === "configured")) {
    const found = `${file} names no repository that Vouch is set up for.`;
    findings.push(failure("nuget-sources", found, setupCommand(first, "nuget")));
  }
  const old = oldDotnet(env);
  return old === undefined ? findings : [...findings, old];
}

/** The finding for a .NET SDK that looks for no plugins on PATH; undefined without one, or if its version is unknown. */
function oldDotnet(env: Environment): Finding | undefined {
  const dotnet = findOnPath("dotnet", env);
  if (dotnet === undefined) return undefined;
  const said = Bun.spawnSync([dotnet, "--version"], {
    env: withSafePath(env),
    stdin: "ignore",
    stderr: "ignore",
    timeout: timeoutMs,
  }).stdout.toString();
  return isOldSdk(said)
    ? failure(
        "nuget-plugin",
        `${dotnet} is the .NET SDK ${said.trim()}: before 9.0.200 it looks for no plugins on PATH, and gets no token.`,
        "Install a newer .NET SDK.",
      )
    : undefined;
}

/** Whether the output of `dotnet --version` is that of an SDK before 9.0.200. */
export function isOldSdk(text: string): boolean {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(text.trim())?.map(Number) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return false;
  return major < 9 || (major === 9 && minor === 0 && patch < 200);
}
