import { describe, expect, test } from "bun:test";
import type { FolderConfig } from "../../../../src/tools/cargo/project/configuration.ts";
import { networkKeys } from "../../../../src/tools/cargo/project/network-keys.ts";

function keys(text: string, words?: string[]): string[] {
  const table = Bun.TOML.parse(text) as Record<string, unknown>;
  const config: FolderConfig = {
    folder: "/p",
    files: [{ path: "/p/.cargo/config.toml", digest: "", table }],
  };
  return networkKeys(config, words && new Set(words)).map(({ key, names }) =>
    names === undefined ? key : `${key} -> ${names}`,
  );
}

describe("a key of a project's Cargo configuration decides about the network", () => {
  test.each([
    ['http.proxy = "http://evil"', "http.proxy"],
    ['http.proxy = ""', "http.proxy"],
    ['http.cainfo = "ca.pem"', "http.cainfo -> /p/ca.pem"],
    ['http.cainfo = "/etc/ca.pem"', "http.cainfo -> /etc/ca.pem"],
    ['http.proxy-cainfo = "x/ca.pem"', "http.proxy-cainfo -> /p/x/ca.pem"],
    ["http.check-revoke = false", "http.check-revoke"],
    ['http.ssl-version = "tlsv1.0"', "http.ssl-version"],
    ['http.ssl-version.min = "tlsv1.0"', "http.ssl-version"],
    ["http.debug = true", "http.debug"],
    ['http.user-agent = "x\\r\\nhost: evil"', "http.user-agent"],
    ["http.not-known-yet = 1", "http.not-known-yet"],
    ["http = 1", "http"],
    ["net.not-known-yet = 1", "net.not-known-yet"],
    ["net = []", "net"],
    ['network.proxy = "x"', "network"],
    ['Http.proxy = "x"', "Http"],
    ["__proto__.x = 1", "__proto__"],
    ["http.constructor = 1", "http.constructor"],
    ['alias.x = "build --config http.proxy=1"', "alias.x"],
    ['alias.x = ["--config=http.proxy=1", "build"]', "alias.x"],
    ['alias.x = "install"', "alias.x"],
    ['alias.x = ["-Cevil", "build"]', "alias.x"],
    ['alias.x = "-Zunstable-options -C evil build"', "alias.x"],
  ])("such as %s", (text, key) => {
    expect(keys(text)).toEqual([key]);
  });
});

test.each([
  "http.timeout = 30\nhttp.low-speed-limit = 5\nhttp.multiplexing = false\nhttp.check-revoke = true\nhttp.user-agent = 'me (x)'",
  "net.retry = 3\nnet.offline = true\nnet.git-fetch-with-cli = true\nnet.ssh.known-hosts = ['x']",
  "[build]\njobs = 2\n[target.x86_64-unknown-linux-gnu]\nlinker = 'ld'\n[env]\nHTTPS_PROXY = 'http://evil'",
  "[registries.x]\nindex = 'sparse+https://other.example/'\n[registry]\ndefault = 'x'\n[source.crates-io]\nreplace-with = 'x'",
  "[profile.dev]\nopt-level = 1\n[term]\nquiet = true\n[patch.crates-io]\n[unstable]\nx = true",
  'alias.xtask = "run --package xtask --"\nalias.b2 = ["build", "--release"]',
  'include = ["x.toml"]\npaths = ["x"]',
])("no key of a project's Cargo configuration like these decides about the network: %s", (text) => {
  expect(keys(text)).toEqual([]);
});

test("an alias of a project's Cargo configuration counts only when the command line uses one", () => {
  const text = 'alias.x = "y"\nalias.y = "install"';
  expect(keys(text, ["cargo", "build"])).toEqual([]);
  expect(keys(text, ["cargo", "x"])).toEqual(["alias.y"]);
});
