/**
 * A CI job for end-to-end tests: what each platform gives its jobs, the sandbox's AWS with the policies that docs/ci.md
 * tells people to paste, and an environment without a home folder.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blockTexts } from "./docs/blocks.ts";
import { executable, type Finished, type RunOptions } from "./laptop.ts";
import type { Role } from "./sandbox/aws/account.ts";
import { createGithubJob, type GithubJob, githubTokenHost } from "./sandbox/ci/github-token-endpoint.ts";
import { type CiPlatformName, type CiPlatforms, createCiPlatforms } from "./sandbox/ci/platforms.ts";
import { addCiRole } from "./sandbox/ci/role.ts";
import type { PolicyDocument } from "./sandbox/iam/document.ts";
import { names, type Sandbox, startSandbox } from "./sandbox/main.ts";
import { tempFolder } from "./temp-folder.ts";

export const ciRoleArn = `arn:aws:iam::${names.account}:role/vouch-ci`;

/** The flags that name the sandbox's repository and the role of CI. */
export const repositoryFlags = ["--region", names.region, "--domain", names.domain, "--repository", names.repository];
export const roleFlags = ["--role", ciRoleArn];

/** What the variables of `vouch exec` say instead of its flags. */
export const execVariables = {
  VOUCH_ROLE: ciRoleArn,
  VOUCH_REGION: names.region,
  VOUCH_DOMAIN: names.domain,
  VOUCH_REPOSITORY: names.repository,
};

export interface Job {
  /** Removed at the end. */
  folder: string;
  sandbox: Sandbox;
  platforms: CiPlatforms;
  github: GithubJob;
  role: Role;
  /** PATH and the way to the sandbox; no HOME, nothing of a platform. */
  env: Record<string, string>;
  /** What the platform gives its job; `claims` change the token. */
  given(platform: CiPlatformName, claims?: Record<string, unknown>): Promise<Record<string, string>>;
  /** Runs a command with `env` and the options' env only. */
  run(command: string[], options?: RunOptions): Promise<Finished>;
  vouch(args: string[], env?: Record<string, string>): Promise<Finished>;
  stop(): Promise<void>;
}

/** The policies of docs/ci.md: those with a principal say whom to trust, the other what the role may do. */
export function documentedPolicies(): { trust: PolicyDocument[]; permissions: PolicyDocument } {
  const blocks = blockTexts("docs/ci.md", "json").filter((block) => block.includes('"Statement"'));
  const documents = blocks.map((block) => JSON.parse(block) as PolicyDocument);
  const isTrust = ({ Statement }: PolicyDocument) => Statement.every(({ Principal }) => Principal !== undefined);
  const permissions = documents.filter((document) => !isTrust(document));
  if (permissions.length !== 1) throw new Error(`docs/ci.md has ${permissions.length} policies of permissions`);
  return { trust: documents.filter(isTrust), permissions: permissions[0]! };
}

/** Counts how often AWS is asked for an operation from now on. */
export function countCalls({ sandbox }: Job): (operation: keyof Job["sandbox"]["account"]["calls"]) => number {
  const { calls } = sandbox.account;
  const before = { ...calls };
  return (operation) => calls[operation] - before[operation];
}

/** Who the token was issued to, in the sandbox's domain. */
export function holderOf({ sandbox }: Job, token: string) {
  return sandbox.account.verifyToken(token, names.domain);
}

export async function startJob(): Promise<Job> {
  const temporary = tempFolder();
  const folder = temporary.path;
  chmodSync(folder, 0o755);
  const platforms = await createCiPlatforms();
  const github = createGithubJob(platforms["github-actions"]);
  const all = Object.values(platforms);
  const sandbox = await startSandbox({
    folder: join(folder, "sandbox"),
    routes: [
      {
        hosts: all.map(({ url }) => new URL(url).host),
        handle: async ({ url }) => {
          const platform = all.find((one) => url.startsWith(`${one.url}/`));
          return platform ? platform.fetch(url) : new Response("", { status: 404 });
        },
      },
      { hosts: [githubTokenHost], handle: (request) => github.handle(request) },
    ],
  });
  const role = addCiRole(sandbox.account, all, documentedPolicies());
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "buildkite-agent"),
    `#!/bin/sh
[ -n "$BUILDKITE_JOB_ID" ] || { echo "fatal: missing job id" >&2; exit 1; }
[ "$*" = "oidc request-token --audience sts.amazonaws.com" ] || { echo "fatal: unknown flags: $*" >&2; exit 1; }
cat "${folder}/buildkite.jwt"
`,
    { mode: 0o755 },
  );
  const job: Job = {
    folder,
    sandbox,
    platforms,
    github,
    role,
    env: { ...sandbox.env, PATH: `${bin}:${process.env["PATH"]}`, VOUCH_RUNTIME_DIR: join(folder, "no-agent") },
    async given(name, claims) {
      if (name === "github-actions" && claims === undefined) return github.env;
      const token = await platforms[name].token(claims);
      const file = join(folder, `${name}.jwt`);
      switch (name) {
        case "github-actions":
          throw new Error("GitHub's token is made when it is asked for");
        case "gitlab":
          return { VOUCH_ID_TOKEN: token };
        case "circleci":
          return { CIRCLE_OIDC_TOKEN_V2: token };
        case "bitbucket":
          return { BITBUCKET_STEP_OIDC_TOKEN: token };
        case "buildkite":
          writeFileSync(file, `${token}\n`);
          return { BUILDKITE_JOB_ID: "0190c3a7" };
        case "web-identity-file":
          writeFileSync(file, token);
          return { AWS_WEB_IDENTITY_TOKEN_FILE: file };
      }
    },
    async run(command, { cwd = folder, env, stdin, timeoutMs = 240_000 } = {}) {
      const child = Bun.spawn(command, {
        cwd,
        env: { ...job.env, ...env },
        stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
        stdout: "pipe",
        stderr: "pipe",
        timeout: timeoutMs,
      });
      const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      return { exitCode, stdout, stderr };
    },
    vouch: (args, env = {}) => job.run([executable, ...args], { env }),
    async stop() {
      await sandbox.stop();
      temporary[Symbol.dispose]();
    },
  };
  return job;
}
