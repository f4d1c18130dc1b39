import { afterAll, describe, expect, test } from "bun:test";
import { checkCargo, takesToken } from "../../../../src/tools/cargo/doctor.ts";
import { host } from "../../../settings/my-repository.ts";
import { brief, makeMachine, otherHost, removeMachines, said } from "./machine.ts";

afterAll(removeMachines);

const sparse = `index = "sparse+https://${host}/cargo/my-repo/"\n`;
const provider = 'credential-provider = ["vouch"]\n';
const ours = `[registries.my-codeartifact-registry]\n${sparse}${provider}`;

describe("the doctor judges Cargo's registry", () => {
  test.each([
    [
      "set up as Vouch does",
      { ".cargo/config.toml": ours },
      ["ok cargo-registry"],
      "(~/.cargo/config.toml), and asks Vouch",
    ],
    ["nothing", {}, ["fail cargo-registry"], "--tool cargo"],
    [
      "no provider",
      { ".cargo/config.toml": `[registries.r]\n${sparse}` },
      ["fail cargo-provider"],
      "with no credential provider",
    ],
    [
      "another provider",
      { ".cargo/config.toml": `[registries.r]\n${sparse}credential-provider = "cargo:token-from-stdout aws"` },
      ["fail cargo-provider"],
      "with the credential provider cargo:token-from-stdout",
    ],
    [
      "a provider that is gone",
      { ".cargo/config.toml": `[registries.r]\n${sparse}credential-provider = ["/nowhere/vouch"]` },
      ["fail cargo-provider"],
      "/nowhere/vouch, is gone",
    ],
    [
      "another repository under our name in the project",
      {
        ".cargo/config.toml": ours,
        "project/.cargo/config.toml": `[registries.my-codeartifact-registry]\nindex = "sparse+https://${otherHost}/cargo/old-repo/"`,
      },
      ["fail cargo-registry", "fail cargo-registry"],
      "--domain old-domain",
    ],
    [
      "a foreign index under our name in the project",
      {
        ".cargo/config.toml": ours,
        "project/.cargo/config.toml": '[registries.my-codeartifact-registry]\nindex = "sparse+https://evil.example/"',
      },
      ["fail cargo-registry", "fail cargo-registry"],
      "https://evil.example/ (~/project/.cargo/config.toml), which is not your repository",
    ],
    [
      "two names for one index",
      { ".cargo/config.toml": `${ours}[registries.twice]\n${sparse}${provider}` },
      ["ok cargo-registry", "ok cargo-registry", "fail cargo-registry"],
      "--registry-name twice",
    ],
    [
      "another name for the index in the project",
      { ".cargo/config.toml": ours, "project/.cargo/config.toml": `[registries.company]\n${sparse}` },
      ["fail cargo-provider", "ok cargo-registry", "fail cargo-registry"],
      "--repository my-repo --region us-east-1 --tool cargo --registry-name company",
    ],
    [
      "AWS's documented text for our name in the project",
      {
        ".cargo/config.toml": ours.replace('["vouch"]', '"vouch"'),
        "project/.cargo/config.toml": `[registries.my-codeartifact-registry]\n${sparse}credential-provider = "cargo:token-from-stdout aws x"`,
      },
      ["fail cargo-provider"],
      "Delete credential-provider from ~/project/.cargo/config.toml, or, where you must not: export CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY_CREDENTIAL_PROVIDER=vouch",
    ],
    [
      "a string in the project, an array of ours",
      {
        ".cargo/config.toml": ours,
        "project/.cargo/config.toml": `[registries.my-codeartifact-registry]\ncredential-provider = "cargo:token-from-stdout aws x"`,
      },
      ["fail cargo-provider", "fail cargo-provider"],
      "it writes a string, which Cargo merges",
    ],
    [
      "an array in the project, a string of ours",
      {
        ".cargo/config.toml": ours.replace('["vouch"]', '"vouch"'),
        "project/.cargo/config.toml": `[registries.my-codeartifact-registry]\ncredential-provider = ["vouch"]`,
      },
      ["ok cargo-registry", "fail cargo-provider"],
      'Delete the line from ~/project/.cargo/config.toml, or write it there as a string: credential-provider = "vouch"',
    ],
    [
      "a project that decides about the network",
      { ".cargo/config.toml": ours, "project/.cargo/config.toml": '[http]\nproxy = "http://evil.example"' },
      ["ok cargo-registry", "fail cargo-network"],
      "~/project/.cargo/config.toml sets http.proxy: Vouch gives Cargo no token here. Look at the file; if it is right: vouch trust ~/project",
    ],
    [
      "a broken file",
      { ".cargo/config.toml": "[registries" },
      ["fail cargo-config", "fail cargo-registry"],
      "is not TOML",
    ],
  ])("with this configuration: %s", async (_, files, expected, words) => {
    const machine = makeMachine(files);
    const findings = await checkCargo(machine);
    expect(brief(findings)).toEqual(expected);
    expect(said(findings, machine)).toContain(words);
  });
});

test.each<[string, Record<string, string>, Record<string, string>, boolean]>([
  ["beside a provider", { ".cargo/config.toml": ours }, {}, false],
  ["beside cargo:token", { ".cargo/config.toml": ours.replace('"vouch"', '"cargo:token"') }, {}, true],
  ["without a provider", { ".cargo/config.toml": ours.replace(provider, "") }, {}, true],
  [
    "beside a provider of the environment",
    { ".cargo/config.toml": ours.replace(provider, "") },
    { CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY_CREDENTIAL_PROVIDER: "vouch" },
    false,
  ],
  ["without any file", {}, {}, true],
  [
    "for another's index",
    { ".cargo/config.toml": '[registries.my-codeartifact-registry]\nindex = "sparse+https://x/"' },
    {},
    false,
  ],
])("and a token in the environment %s", (_, files, env, taken) => {
  const machine = makeMachine(files, { env });
  expect(takesToken("CARGO_REGISTRIES_MY_CODEARTIFACT_REGISTRY_TOKEN", machine)).toBe(taken);
  expect(takesToken("CARGO_REGISTRIES_SOMEBODY_ELSE_TOKEN", machine)).toBe(false);
});
