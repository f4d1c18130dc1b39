/** docs/ci.md taken at its word: its policies are in the account, its files parse, its command lines run. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identityNames } from "../../src/agent/job/identity-credentials.ts";
import { parseSettings } from "../../src/settings/settings.ts";
import { jobVariables } from "../../src/base/job-variables.ts";
import { blockTexts } from "./blocks.ts";
import { type Job, startJob } from "../job.ts";
import { executable } from "../laptop.ts";
import { serveContainerCredentials, serveInstanceMetadata } from "../sandbox/ci/metadata.ts";
import { ciPlatformNames } from "../sandbox/ci/platforms.ts";
import { names } from "../sandbox/main.ts";

const text = readFileSync(join(import.meta.dir, "../../docs/ci.md"), "utf8");

/** A command line of the document and the variables of the job around it. */
interface Documented {
  line: string;
  variables: Record<string, string>;
}

const yaml = blockTexts("docs/ci.md", "yaml").map((block) => Bun.YAML.parse(block));
const documented: Documented[] = [
  ...yaml.flatMap((file) => commandsIn(file, {})),
  ...blockTexts("docs/ci.md", "sh").flatMap((block) =>
    block
      .trim()
      .split("\n")
      .map((line) => ({ line, variables: {} })),
  ),
  ...blockTexts("docs/ci.md", "ini").flatMap((block) =>
    [...block.matchAll(/^credential_process = (.*)$/gm)].map(([, line = ""]) => ({ line, variables: {} })),
  ),
].filter(({ line }) => line.startsWith("vouch "));

/** Every string below a value that is a command line, with the variables that platforms let a job, step or file set. */
function commandsIn(value: unknown, around: Record<string, string>): Documented[] {
  if (typeof value === "string") return [{ line: value, variables: around }];
  if (Array.isArray(value)) return value.flatMap((item) => commandsIn(item, around));
  if (typeof value !== "object" || value === null) return [];
  const own = ["env", "environment", "variables"].map((key) => (value as Record<string, unknown>)[key]);
  const variables = { ...around };
  for (const given of own) {
    const set = (given as { variables?: object } | undefined)?.variables ?? given;
    if (typeof set === "object" && set !== null) Object.assign(variables, set);
  }
  return Object.values(value).flatMap((item) => commandsIn(item, variables));
}

/** npm says which one it is, and finds its token in the pipe that stands for its global configuration, or, below
 * `vouch exec`, in a variable whose name nobody can guess. */
const npmToken = `#!/bin/sh
[ "$1 $2" = 'config get' ] && exec printf 'globalconfig=/nowhere\\nnpm-version=12.0.0\\n'
if [ -n "$npm_config_globalconfig" ]; then sed -n 's/.*:_authToken=//p' "$npm_config_globalconfig"
else tr '\\0' '\\n' </proc/$$/environ | sed -n 's/^VOUCH_[0-9a-f]*_0=//p'
fi | head -n 1 | tr -d '"\\n'
`;

let job: Job;
let bin: string;
let surroundings: Record<string, string>;
const services: AsyncDisposable[] = [];

beforeAll(async () => {
  job = await startJob();
  bin = join(job.folder, "documented");
  mkdirSync(bin);
  // What stands for npm, pip and cargo says which token it was given. (The real ones: binary/job/job-packages.test.ts.)
  for (const tool of ["pip", "cargo"]) {
    writeFileSync(join(bin, tool), '#!/bin/sh\nprintf %s "$CODEARTIFACT_AUTH_TOKEN"\n', { mode: 0o755 });
  }
  writeFileSync(join(bin, "npm"), npmToken, { mode: 0o755 });
  writeFileSync(join(bin, "vouch"), `#!/bin/sh\nexec "${executable}" "$@"\n`, { mode: 0o755 });
  const { account } = job.sandbox;
  const issued = account.issueCredentials(job.role, "build", 3600);
  const credentials = { AccessKeyId: issued.accessKeyId, SecretAccessKey: issued.secretAccessKey };
  // An AWS CLI that knows one profile. (The real one: binary/job/credential-process.test.ts.)
  writeFileSync(
    join(bin, "aws"),
    `#!/bin/sh\n[ "$*" = "configure export-credentials --profile ci --format process" ] && cat "${job.folder}/ci.json"\n`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(job.folder, "ci.json"),
    JSON.stringify({ Version: 1, ...credentials, SessionToken: issued.sessionToken }),
  );
  const container = serveContainerCredentials(account, job.role);
  const instance = serveInstanceMetadata(account, job.role);
  services.push(container, instance);
  const platforms = await Promise.all(ciPlatformNames.map((name) => job.given(name)));
  // Every platform's variables at once: the one that is chosen by name counts.
  surroundings = Object.assign(
    {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/v1/credentials`,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: instance.url,
      AWS_ACCESS_KEY_ID: issued.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
      AWS_SESSION_TOKEN: issued.sessionToken,
      // EKS and CodeBuild set the region, EKS the role as well.
      AWS_REGION: names.region,
      AWS_ROLE_ARN: `arn:aws:iam::${names.account}:role/vouch-ci`,
    },
    ...platforms,
  ) as Record<string, string>;
});
afterAll(async () => {
  for (const service of services) await service[Symbol.asyncDispose]();
  await job?.stop();
});

test("docs/ci.md has as many command lines as the document is meant to have", () => {
  expect(documented.length).toBeGreaterThanOrEqual(15);
  const chosen = documented.map(
    ({ line, variables }) => variables["VOUCH_IDENTITY"] ?? /--identity (\S+)/.exec(line)?.[1],
  );
  expect([...new Set(chosen.filter((name) => name !== undefined))].sort()).toEqual([...identityNames].sort());
});

test.each(documented.filter(({ line }) => line !== "vouch credential aws").map((one) => [one.line, one] as const))(
  "the command line of docs/ci.md works in a job: %s",
  async (line, { variables }) => {
    const env = { ...surroundings, ...variables, PATH: `${bin}:${job.env["PATH"]}` };
    const { exitCode, stdout, stderr } = await job.run(["sh", "-c", line], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    if (line.includes("credential aws")) expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
    else expect(job.sandbox.account.verifyToken(stdout, names.domain)?.role).toBe(job.role);
  },
);

test("docs/ci.md has one settings file, which chooses an existing identity", async () => {
  const block = blockTexts("docs/ci.md", "json").find((json) => json.includes('"identity"')) ?? "";
  const settings = parseSettings(block, "docs/ci.md");
  expect(identityNames).toContain(settings.identity!.name);
  const file = join(job.folder, "documented.json");
  writeFileSync(file, block);
  const env = { ...surroundings, VOUCH_CONFIG: file, PATH: `${bin}:${job.env["PATH"]}` };
  const { exitCode, stdout, stderr } = await job.run(["vouch", "exec", "--", "npm"], { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(job.sandbox.account.verifyToken(stdout, names.domain)?.role).toBe(job.role);
});

test("the image of docs/ci.md is set up by its RUN lines, and then npm alone works in it", async () => {
  const [dockerfile = ""] = blockTexts("docs/ci.md", "dockerfile");
  const lines = dockerfile.trim().split("\n");
  const home = join(job.folder, "image-home");
  mkdirSync(home);
  const env = { ...job.env, HOME: home, PATH: `${bin}:${job.env["PATH"]}` };
  const runs = lines.filter((line) => line.startsWith("RUN "));
  expect(runs).toHaveLength(2);
  for (const line of runs) expect(await job.run(["sh", "-c", line.slice(4)], { env })).toMatchObject({ exitCode: 0 });
  const shims = lines.find((line) => line.startsWith("ENV PATH="))?.slice("ENV PATH=".length) ?? "";
  const inJob = {
    ...env,
    ...(await job.given("gitlab")),
    PATH: shims.replace("/root", home).replace("$PATH", env.PATH),
  };
  const { exitCode, stdout, stderr } = await job.run(["npm", "ci"], { env: inJob });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(job.sandbox.account.verifyToken(stdout, names.domain)?.role).toBe(job.role);
});

describe("the tables of docs/ci.md", () => {
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const column = (row: string, index: number) => row.split("|")[index + 1]?.trim() ?? "";

  test("name every identity", () => {
    const named = rows
      .map((row) => /^`([a-z][a-z0-9-]+)`$/.exec(column(row, 0))?.[1])
      .filter((name) => name !== undefined);
    expect(named.sort()).toEqual([...identityNames].sort());
  });

  test("name every flag with its variable", () => {
    const named = rows.flatMap((row) => {
      const flag = /^`(--[a-z-]+) /.exec(column(row, 0))?.[1];
      return flag === undefined ? [] : [[flag, /^`(\w+)`/.exec(column(row, 1))?.[1]]];
    });
    expect(Object.fromEntries(named)).toEqual(jobVariables);
  });

  test.each([
    [
      "exec --identity github-actions --role arn:aws:iam::123456789012:role/vouch-ci --region us-east-1 --domain my-domain --repository my-repo -- true",
    ],
    [
      "exec --identity github --region us-east-1 --domain my-domain --domain-owner 123456789012 --repository my-repo -- true",
    ],
    ["exec --identity aws-ec2 --region us-east-1 --domain my-domain --repository my-repo -- true"],
  ])("quote the error of vouch %s", async (line) => {
    const { stderr } = await job.vouch(line.split(" "));
    const quoted = rows.map((row) => /^`(.*)`$/.exec(column(row, 0))?.[1] ?? "");
    expect(quoted.some((message) => message.endsWith(".") && stderr.startsWith(`vouch: ${message}`))).toBe(true);
  });
});

test("in docs/ci.md GitHub's job asks for the permission that its identity needs, GitLab's for the audience that AWS knows", () => {
  const [github, gitlab] = yaml as [
    { jobs: { build: { permissions: object } } },
    { build: { id_tokens: { VOUCH_ID_TOKEN: { aud: string } } } },
  ];
  expect(github.jobs.build.permissions).toEqual({ "id-token": "write", contents: "read" });
  expect(gitlab.build.id_tokens.VOUCH_ID_TOKEN.aud).toBe(job.platforms.gitlab.clientId);
});
