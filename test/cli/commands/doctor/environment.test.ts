import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkEnvironment } from "../../../../src/cli/commands/doctor/environment.ts";
import { checkPath } from "../../../../src/cli/commands/doctor/path/path.ts";
import { checkStoredTokens } from "../../../../src/cli/commands/doctor/stored-tokens.ts";
import { host } from "../../../settings/my-repository.ts";
import { brief, makeMachine, otherHost, removeMachines, said } from "./machine.ts";

afterAll(removeMachines);

const index = `https://aws@${host}/pypi/my-repo/simple/`;

describe("the doctor judges the variables", () => {
  test.each([
    ["LANG", "C", "ok"],
    ["VOUCH_IDENTITY", "github-actions", "warn"],
    ["CODEARTIFACT_AUTH_TOKEN", "TOP-SECRET", "warn"],
    ["CODEARTIFACT_AUTH_TOKEN", "", "ok"],
    ["PIP_INDEX_URL", "https://index.example.com/simple", "warn"],
    ["PIP_INDEX_URL", index, "ok"],
    ["PIP_INDEX_URL", index.replace("aws@", "aws:TOP-SECRET@"), "fail"],
    ["PIP_EXTRA_INDEX_URL", index.replace("aws@", ""), "warn"],
    ["UV_INDEX", `acme=${index}`, "ok"],
    ["UV_DEFAULT_INDEX", "https://index.example.com/simple", "warn"],
    ["UV_INDEX_ACME_PASSWORD", "TOP-SECRET", "warn"],
    ["UV_KEYRING_PROVIDER", "disabled", "fail"],
    ["UV_KEYRING_PROVIDER", "subprocess", "ok"],
    ["UV_INSECURE_HOST", host, "warn"],
    ["UV_INSECURE_HOST", `localhost ${host.replace(".d.", ".").replace("amazonaws.com", "on.aws")}:443`, "warn"],
    ["UV_INSECURE_HOST", `https://${host}`, "warn"],
    ["UV_INSECURE_HOST", `${otherHost} ${host}.evil.example`, "ok"],
    ["PIP_CONFIG_FILE", "/dev/null", "fail"],
    ["npm_config_registry", "https://registry.example.com/", "warn"],
    ["NPM_CONFIG_REGISTRY", `https://${host}/npm/my-repo/`, "ok"],
    [`npm_config_//${host}/npm/my-repo/:_authToken`, "TOP-SECRET", "warn"],
    [`npm_config_//${otherHost}/npm/old-repo/:_authToken`, "TOP-SECRET", "ok"],
    ["CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY_TOKEN", "TOP-SECRET", "fail"],
    ["CARGO_REGISTRIES_ACME_INDEX", "sparse+https://evil.example/", "warn"],
    ["CARGO_REGISTRIES_ACME_CREDENTIAL_PROVIDER", "cargo:token", "fail"],
    ["CARGO_REGISTRIES_ACME_CREDENTIAL_PROVIDER", "/usr/bin/vouch", "ok"],
  ])("%s=%s: %s", (name, value, status) => {
    const machine = makeMachine({}, { env: { [name]: value } });
    const findings = checkEnvironment(machine);
    expect(brief(findings)).toEqual([`${status} environment`]);
    expect(said(findings, machine)).not.toContain("TOP-SECRET");
    if (status !== "ok") expect(said(findings, machine)).toContain(name);
  });

  test.each([
    [{ AWS_CA_BUNDLE: "/etc/proxy.pem", SSL_CERT_FILE: "/etc/proxy.pem" }, "ok environment"],
    [{ AWS_CA_BUNDLE: "/etc/proxy.pem" }, "warn environment"],
    [{ AWS_CA_BUNDLE: "/etc/proxy.pem", SSL_CERT_FILE: "/etc/other.pem" }, "warn environment"],
  ])("NODE_EXTRA_CA_CERTS beside %p, which Vouch trusts: %s", (env, expected) => {
    const machine = makeMachine({}, { env: { NODE_EXTRA_CA_CERTS: "/etc/proxy.pem", ...env } });
    expect(brief(checkEnvironment(machine))).toEqual([expected]);
  });

  test.each([
    ["NODE_EXTRA_CA_CERTS", "/etc/proxy.pem", "keep it", "AWS_CA_BUNDLE and SSL_CERT_FILE"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0", "unset NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS"],
  ])("%s behind a company's proxy: says what it does, and the way that npm goes on working there", (...args) => {
    const [name, value, does, instead] = args;
    const machine = makeMachine({}, { env: { [name]: value } });
    const findings = checkEnvironment(machine);
    expect(brief(findings)).toEqual(["warn environment"]);
    expect(said(findings, machine)).toContain(does);
    expect(said(findings, machine)).toContain(instead);
  });
});

function program(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
}

/** Folders under the home folder with programs; "@" makes a program a link to Vouch. */
function machineWith(folders: Record<string, string[]>, env: Record<string, string> = {}) {
  const machine = makeMachine();
  const vouch = join(machine.home, "opt/vouch");
  program(vouch);
  for (const [folder, names] of Object.entries(folders)) {
    for (const name of names) {
      const path = join(machine.home, folder, name.replace("@", ""));
      if (!name.endsWith("@")) program(path);
      else {
        mkdirSync(dirname(path), { recursive: true });
        symlinkSync(vouch, path);
      }
    }
  }
  const inHome = Object.entries(env).map(([name, value]) => [name, join(machine.home, value)]);
  const path = Object.keys(folders).map((folder) => join(machine.home, folder));
  return {
    ...machine,
    env: { HOME: machine.home, ...Object.fromEntries(inHome), PATH: ["relative", ...path].join(":") },
  };
}

describe("the doctor judges PATH", () => {
  const shims = ["npm@", "npx@", "pip@", "pip3@", "keyring@"];
  const tools = ["npm", "npx", "pip", "pip3"];
  const allOk = ["ok path"];

  test.each([
    ["the shims first", { shims, bin: tools }, {}, allOk, "keyring, pip, pip3, npm, npx are Vouch's (in ~/shims)"],
    [
      "only pip installed",
      { shims: ["pip@", "pip3@", "keyring@"], bin: ["pip", "pip3"] },
      {},
      allOk,
      "keyring, pip, pip3 are Vouch's (in ~/shims)",
    ],
    [
      "the shims behind",
      { bin: [...tools, "keyring"], shims },
      {},
      ["fail path"],
      "~/bin/keyring, ~/bin/pip, ~/bin/pip3, ~/bin/npm, ~/bin/npx stand on PATH before Vouch's in ~/shims; keyring, npm, npx get no token of CodeArtifact.",
    ],
    [
      "one shim behind",
      { bin: ["npm"], shims, "other/bin": tools },
      {},
      ["ok path", "fail path"],
      "~/bin/npm stands on PATH before Vouch's ~/shims/npm; it gets no token of CodeArtifact.",
    ],
    [
      "only pip's names behind, which need no shim",
      { bin: ["pip", "pip3"], shims, "other/bin": tools },
      {},
      ["ok path", "warn path"],
      "~/bin/pip, ~/bin/pip3 stand on PATH before Vouch's in ~/shims.",
    ],
    [
      "no shims",
      { bin: tools },
      {},
      ["fail path"],
      "~/.local/share/vouch/shims is not on PATH: keyring, pip, pip3, npm, npx are not Vouch's",
    ],
    [
      "a virtual environment with its own pip",
      { "venv/bin": ["pip", "pip3"], shims, bin: tools },
      { VIRTUAL_ENV: "venv" },
      [...allOk, "ok path", "ok path"],
      "pip is the virtual environment's",
    ],
    [
      "a virtual environment with its own keyring",
      { "venv/bin": ["pip", "pip3", "keyring"], shims, bin: tools },
      { VIRTUAL_ENV: "venv" },
      [...allOk, "warn path", "ok path", "ok path"],
      "its pip passes over that one, but uv asks it first. ~/venv/bin/pip uninstall keyring",
    ],
    [
      "a virtual environment with a keyring and no pip, as uv makes it",
      { "venv/bin": ["keyring"], shims, bin: tools },
      { VIRTUAL_ENV: "venv" },
      [...allOk, "fail path"],
      "which uv and a pip from elsewhere ask first. uv pip uninstall keyring",
    ],
    [
      "pnpm with its link",
      { shims: [...shims, "pnpm@", "pnpx@"], bin: [...tools, "pnpm", "pnpx"] },
      {},
      allOk,
      "pnpm, pnpx are Vouch's (in ~/shims)",
    ],
    [
      "pnpm that was installed after the setup",
      { shims, bin: [...tools, "pnpm"] },
      {},
      [...allOk, "fail path"],
      "pnpm is ~/bin/pnpm, and Vouch's is not on PATH; it gets no token of CodeArtifact. vouch setup codeartifact --domain my-domain",
    ],
    [
      "a link in front of a pnpm that is gone",
      { shims: [...shims, "pnpm@"], bin: tools },
      {},
      [...allOk, "warn path"],
      "~/shims/pnpm is Vouch's, and no other pnpm is on PATH. Where pnpm is gone for good: rm ~/shims/pnpm",
    ],
  ])("with %s", (_, folders, env, expected, words) => {
    const machine = machineWith(folders, env);
    const findings = checkPath(machine);
    expect(brief(findings)).toEqual(expected);
    expect(said(findings, machine)).toContain(words);
  });

  test("but asks no tool that was not set up", () => {
    const machine = makeMachine({}, { settings: { version: 1, repositories: [] } });
    expect(checkPath(machine)).toEqual([]);
  });
});

function mavenSettings(server: string): string {
  const other = "<server><id>other</id><username>dev</username><password>TOP-SECRET</password></server>";
  return `<settings>\n<servers>${other}\n<server>\n${server}\n</server></servers></settings>\n`;
}

describe("the doctor finds tokens in files", () => {
  test.each([
    ["none", { ".npmrc": `registry=https://${host}/npm/my-repo/` }, undefined],
    ["npm", { ".npmrc": `//${host}/npm/my-repo/:_authToken=TOP-SECRET` }, "~/.npmrc:1 (npm)"],
    ["npm, by reference", { ".npmrc": `//${host}/npm/my-repo/:_authToken=\${CODEARTIFACT_AUTH_TOKEN}` }, undefined],
    ["npm, for another registry", { ".npmrc": "//registry.example.com/:_authToken=TOP-SECRET" }, undefined],
    [
      "npm, in the project",
      { "project/package.json": "{}", "project/.npmrc": `\n//${host}/npm/r/:_authToken=TOP-SECRET` },
      "~/project/.npmrc:2 (npm)",
    ],
    [
      "pip",
      { ".config/pip/pip.conf": `[global]\nindex-url=https://aws:TOP-SECRET@${host}/pypi/my-repo/simple/` },
      "pip.conf:2 (pip)",
    ],
    [
      "cargo",
      { ".cargo/credentials.toml": '[registries.my-codeartifact-registry]\ntoken = "TOP-SECRET"' },
      "~/.cargo/credentials.toml:2 (cargo)",
    ],
    ["cargo, another registry", { ".cargo/credentials.toml": '[registry]\ntoken = "TOP-SECRET"' }, undefined],
    [
      "netrc",
      { ".netrc": `machine example.com login a\nmachine ${host} login aws password TOP-SECRET` },
      "~/.netrc:2 (pip)",
    ],
    [
      "twine",
      {
        ".pypirc": `[codeartifact]\nrepository = https://${host}/pypi/my-repo/\nusername = aws\npassword = TOP-SECRET`,
      },
      "~/.pypirc:4 (twine)",
    ],
    [
      "pnpm",
      { ".config/pnpm/auth.ini": `//${host}/npm/my-repo/:_authToken=TOP-SECRET` },
      "~/.config/pnpm/auth.ini:1 (pnpm)",
    ],
    [
      "Maven",
      { ".m2/settings.xml": mavenSettings("<username>aws</username>\n<password>TOP-SECRET</password>") },
      "~/.m2/settings.xml:5 (maven). Delete it there",
    ],
    [
      "Maven, by reference",
      {
        ".m2/settings.xml": mavenSettings(
          "<username>aws</username>\n<password>${env.CODEARTIFACT_AUTH_TOKEN}</password>",
        ),
      },
      undefined,
    ],
    [
      "Maven, for another server",
      { ".m2/settings.xml": mavenSettings("<username>dev</username>\n<password>TOP-SECRET</password>") },
      undefined,
    ],
  ])("of %s", (_, files, place) => {
    const machine = makeMachine(files);
    const findings = checkStoredTokens(machine);
    expect(brief(findings)).toEqual([place === undefined ? "ok stored-token" : "warn stored-token"]);
    expect(said(findings, machine)).toContain(place ?? "No token");
    expect(said(findings, machine)).not.toContain("TOP-SECRET");
  });
});
