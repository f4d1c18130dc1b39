import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { checkNpm } from "../../../../src/tools/npm/doctor.ts";
import { checkPip } from "../../../../src/tools/pip/doctor.ts";
import { host } from "../../../settings/my-repository.ts";
import { brief, makeMachine, otherHost, removeMachines, said } from "./machine.ts";

afterAll(removeMachines);

const npmLine = `registry=https://${host}/npm/my-repo/\n`;
const otherNpm = `registry=https://${otherHost}/npm/old-repo/\n`;

describe("the doctor judges npm's registry", () => {
  test.each([
    ["the user's file", { ".npmrc": npmLine }, ["ok npm-registry"], `${host}/npm/my-repo/ (~/.npmrc:1)`],
    ["a scope", { ".npmrc": `@acme:${npmLine}` }, ["ok npm-registry"], "npm's @acme:registry"],
    ["no file", {}, ["fail npm-registry"], "vouch setup codeartifact --domain my-domain"],
    [
      "another repository in the project",
      { ".npmrc": npmLine, "project/package.json": "{}", "project/.npmrc": `; old\n${otherNpm}` },
      ["fail npm-registry"],
      "~/project/.npmrc:2), a repository that Vouch is not set up for. Correct the line, or run `vouch setup codeartifact --domain old-domain --domain-owner 123456789012 --repository old-repo --region us-east-1 --tool npm`",
    ],
    [
      "the public registry in the project",
      { ".npmrc": npmLine, "project/package.json": "{}", "project/.npmrc": "registry=https://registry.example.com/" },
      ["warn npm-registry"],
      "~/project/.npmrc:1), not your repository",
    ],
    [
      "a look-alike host",
      { ".npmrc": `registry=https://${host}.evil.example/npm/my-repo/\n` },
      ["fail npm-registry", "fail npm-registry"],
      "not set up for",
    ],
    [
      "the dual-stack host of a repository that is set up",
      {
        ".npmrc": `${npmLine}@acme:registry=https://my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/my-repo/\n`,
      },
      ["ok npm-registry", "ok npm-registry"],
      "npm's @acme:registry is https://my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/my-repo/",
    ],
    [
      "the dual-stack host of another repository",
      {
        ".npmrc": `${npmLine}@acme:registry=https://my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/other/\n`,
      },
      ["fail npm-registry", "ok npm-registry"],
      "run `vouch setup codeartifact --domain my-domain --domain-owner 123456789012 --repository other --region us-east-1 --tool npm --dual-stack`",
    ],
    [
      "the host of a VPC endpoint",
      {
        ".npmrc": `${npmLine}@acme:registry=https://vpce-0f1-ab.d.codeartifact.us-east-1.vpce.amazonaws.com/npm/d/my-domain-123456789012/my-repo/\n`,
      },
      ["fail npm-registry", "ok npm-registry"],
      "run `vouch setup codeartifact --domain my-domain --domain-owner 123456789012 --repository my-repo --region us-east-1 --tool npm --endpoint https://vpce-0f1-ab.d.codeartifact.us-east-1.vpce.amazonaws.com`",
    ],
    ["the last of two lines in one file", { ".npmrc": `${otherNpm}${npmLine}` }, ["ok npm-registry"], "~/.npmrc:2"],
  ])("where it comes from %s", (_, files, expected, words) => {
    const machine = makeMachine(files);
    const findings = checkNpm(machine);
    expect(brief(findings)).toEqual(expected);
    expect(said(findings, machine)).toContain(words);
  });
});

const index = `index-url = https://aws@${host}/pypi/my-repo/simple/\n`;
const keyring = "keyring-provider = subprocess\n";
const user = ".config/pip/pip.conf";

describe("the doctor judges pip's index", () => {
  test.each([
    ["set up as Vouch does", { [user]: `[global]\n${index}${keyring}` }, {}, ["ok pip-index"], `(~/${user}:2)`],
    ["nothing", {}, {}, ["fail pip-index", "fail pip-keyring-provider"], "asks the public index"],
    [
      "no keyring",
      { [user]: `[global]\n${index}` },
      {},
      ["ok pip-index", "fail pip-keyring-provider"],
      "not set, expected",
    ],
    [
      "a password",
      { [user]: `[global]\n${keyring}index-url = https://aws:TOP-SECRET@${host}/pypi/my-repo/simple/` },
      {},
      ["fail pip-index"],
      "aws:…@",
    ],
    [
      "no user name",
      { [user]: `[global]\n${keyring}index-url = https://${host}/pypi/my-repo/simple/` },
      {},
      ["fail pip-index"],
      `Write it as https://aws@${host}/pypi/my-repo/simple/.`,
    ],
    [
      "another repository for pip install",
      { [user]: `[global]\n${index}${keyring}[install]\nindex-url = https://aws@${otherHost}/pypi/old-repo/simple/` },
      {},
      ["fail pip-index", "fail pip-index"],
      "--domain old-domain",
    ],
    [
      "an extra index of many lines",
      {
        [user]: `[global]\n${keyring}extra-index-url =\n  https://index.example.com/simple\n  https://aws@${host}/pypi/my-repo/simple/`,
      },
      {},
      ["ok pip-index"],
      `(~/${user}:5)`,
    ],
    [
      "files switched off",
      { [user]: `[global]\n${index}` },
      { PIP_CONFIG_FILE: "/dev/null" },
      ["fail pip-index", "fail pip-keyring-provider"],
      "",
    ],
    [
      "a provider in the environment",
      { [user]: `[global]\n${index}${keyring}` },
      { PIP_KEYRING_PROVIDER: "import" },
      ["ok pip-index", "fail pip-keyring-provider"],
      "unset PIP_KEYRING_PROVIDER",
    ],
  ])("with this configuration: %s", (_, files, env, expected, words) => {
    const machine = makeMachine(files, { env: env });
    const findings = checkPip(machine);
    expect(brief(findings)).toEqual(expected);
    expect(said(findings, machine)).toContain(words);
    expect(said(findings, machine)).not.toContain("TOP-SECRET");
  });
});

describe("the doctor judges the pip on PATH", () => {
  const bare = `https://${host}/pypi/my-repo/simple/`;
  const file = (line: string) => ({ "project/requirements-dev.txt": `# --index-url ${bare}\n${line}\nmy-package\n` });

  test.each<[string, string, Record<string, string>, string[], string]>([
    ["22.3.1 in a virtual environment", "22.3.1", {}, ["fail pip-version"], "pip 22.3.1 asks no keyring program"],
    [
      "25.0 before the shims",
      "25.0",
      {},
      ["warn pip-version"],
      "pip 25.0 (~/venv/bin/pip) asks Vouch for URLs with a user name only",
    ],
    [
      "26.1 and a bare URL in a file",
      "26.1",
      file(`--index-url ${bare}`),
      ["fail pip-version"],
      "requirements-dev.txt:2 names",
    ],
    [
      "26.1 and a URL with the user name",
      "26.1",
      file(`-i ${bare.replace("://", "://aws@")}`),
      ["warn pip-version"],
      "26.1",
    ],
    ["26.1 and somebody else's URL", "26.1", file("-i https://pypi.org/simple/"), ["warn pip-version"], "26.1"],
    ["26.2 and a bare URL", "26.2", file(`--index-url ${bare}`), [], ""],
  ])("with the version %s", (_, version, files, expected, words) => {
    const program = `#!/bin/sh\necho "pip ${version} from /x (python 3.12)"\n`;
    const made = makeMachine({ ...files, [user]: `[global]\n${index}${keyring}`, "venv/bin/pip": program });
    const bin = join(made.home, "venv/bin");
    chmodSync(join(bin, "pip"), 0o755);
    const machine = { ...made, env: { ...made.env, PATH: bin } };
    const findings = checkPip(machine);
    expect(brief(findings)).toEqual(["ok pip-index", ...expected]);
    expect(said(findings, machine)).toContain(words);
  });
});
