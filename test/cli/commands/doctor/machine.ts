/** A made-up machine for the doctor: a folder with the files of the package managers, and settings. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildInfo } from "../../../../src/base/build-info.ts";
import type { Finding, Machine } from "../../../../src/tools/checks/finding.ts";
import { myRepository } from "../../../settings/my-repository.ts";
import { type TempFolder, tempFolder } from "../../../temp-folder.ts";

export const otherHost = "old-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

const now = 1_800_000_000;

const repository = {
  ...myRepository,
  registryName: "my-codeartifact-registry",
  files: { cargo: "/home/dev/.cargo/config.toml", pip: "/home/dev/.config/pip/pip.conf", npm: "/home/dev/.npmrc" },
};

const settings: Machine["settings"] = {
  version: 1,
  server: { url: "https://vouch.example.com", user: "dev@example.com", credentialIds: [] },
  aws: { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" },
  repositories: [repository],
};

const agent: Machine["agent"] = {
  version: buildInfo.version,
  pid: 4711,
  startedAt: now - 3600,
  server: "https://vouch.example.com",
  session: { user: "dev@example.com", expiration: now + 7 * 3600 },
  repositories: [{ ...repository, tokenExpiration: now + 7 * 3600 }],
};

const homes: TempFolder[] = [];

/** A machine with these files under its home folder (paths relative to it); the current folder is `home/project`. */
export function makeMachine(files: Record<string, string> = {}, changes: Partial<Machine> = {}): Machine {
  const folder = tempFolder();
  const home = folder.path;
  homes.push(folder);
  mkdirSync(join(home, "project"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return { cwd: join(home, "project"), home, settings, agent, now, ...changes, env: { HOME: home, ...changes.env } };
}

/** Removes every made-up machine; for `afterAll`. */
export function removeMachines(): void {
  for (const home of homes.splice(0)) home[Symbol.dispose]();
}

/** The findings as `status check` words, for tables. */
export function brief(findings: Finding[]): string[] {
  return findings.map(({ status, check }) => `${status} ${check}`);
}

/** Everything the findings say, with the home folder as `~`. */
export function said(findings: Finding[], { home }: Machine): string {
  return findings
    .map(({ found, remedy }) => `${found} ${remedy ?? ""}`)
    .join("\n")
    .replaceAll(home, "~");
}
