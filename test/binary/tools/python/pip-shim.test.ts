/** What the shim `pip` hands on, and what it says, with a pip behind it that only writes down what it is given. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../../laptop.ts";
import { names } from "../../../sandbox/main.ts";

const host = names.packageHost;
const index = `https://${host}/pypi/${names.repository}/simple/`;
const withUser = index.replace("://", "://aws@");

let laptop: Laptop;
let bin: string;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--tool", "pip");
  bin = join(laptop.folder, "recorder");
  mkdirSync(bin);
  for (const name of ["pip", "pip3", "pip3.12"]) {
    writeFileSync(
      join(bin, name),
      '#!/bin/sh\nprintf "%s\\n" "$@"\nprintf "%s\\n" "$PIP_INDEX_URL" "$PIP_EXTRA_INDEX_URL"\n',
    );
    chmodSync(join(bin, name), 0o755);
  }
});
afterAll(async () => laptop?.stop());

function pip(args: string[], env: Record<string, string> = {}, name = "pip"): Promise<Finished> {
  const PATH = [laptop.shims, bin, "/usr/bin", "/bin"].join(delimiter);
  return laptop.run([name, ...args], { env: { PATH, ...env } });
}

describe("the shim pip in front of the real one", () => {
  test.each([
    ["another index", "https://pypi.org/simple/"],
    ["another repository of the host", `https://${host}/pypi/other-repo/simple/`],
    ["a repository whose name begins as ours", `https://${host}/pypi/my-repo-2/simple/`],
    ["a host that begins as ours", index.replace(host, `${host}.evil.example`)],
    ["a host that ends as ours", index.replace(host, `x${host}`)],
    ["another port", index.replace(host, `${host}:8443`)],
    ["our host as a user name", `https://${host}@evil.example/pypi/my-repo/simple/`],
    ["our URL in a query", `https://evil.example/?u=${index}`],
    ["our user name already", withUser],
    ["another user name", index.replace("://", "://me@")],
    ["a password of the person's", index.replace("://", "://aws:own@")],
    ["a path that leads out", `https://${host}/pypi/my-repo/../other-repo/simple/`],
    ["git", `git+https://git.example/x.git`],
    ["no URL", "-q"],
  ])("passes the URL on as it is: %s", async (_, url) => {
    const { stdout } = await pip(["install", "--index-url", url, `--extra-index-url=${url}`, `x @ ${url}`], {
      PIP_INDEX_URL: url,
      PIP_EXTRA_INDEX_URL: `${url} ${url}`,
    });
    const words = ["install", "--index-url", url, `--extra-index-url=${url}`, `x @ ${url}`, url, `${url} ${url}`];
    expect(stdout).toBe(`${words.join("\n")}\n`);
  });

  test.each([
    ["ours", index, withUser],
    ["ours with its port", index.replace(host, `${host}:443`), withUser.replace(host, `${host}:443`)],
    ["ours, its scheme in capitals", index.replace("https", "HTTPS"), withUser.replace("https", "HTTPS")],
    ["ours in capitals", index.replace(host, host.toUpperCase()), withUser.replace(host, host.toUpperCase())],
    ["a package of ours", `${index}my-package/`, `${withUser}my-package/`],
  ])("puts the user name into %s", async (_, url, named) => {
    const { stdout } = await pip(["install", "-i", url, `--find-links=${url}`], {
      PIP_EXTRA_INDEX_URL: `https://pypi.org/simple/ ${url}`,
    });
    expect(stdout).toBe(
      ["install", "-i", named, `--find-links=${named}`, "", `https://pypi.org/simple/ ${named}`, ""].join("\n"),
    );
  });

  test("does so also as pip3 and by the name with the version, for which setup makes a link", async () => {
    const PATH = [laptop.shims, bin, "/usr/bin", "/bin"].join(delimiter);
    const repository = ["--domain", names.domain, "--repository", names.repository];
    await laptop.run(["vouch", "setup", "codeartifact", ...repository, "--tool", "pip"], {
      env: { PATH: `${join(laptop.folder, "bin")}:${PATH}` },
    });
    for (const name of ["pip3", "pip3.12"])
      expect((await pip(["install", "-i", index], {}, name)).stdout).toContain(withUser);
  });
});

describe("the shim pip without a session", () => {
  beforeAll(async () => {
    await laptop.vouch("logout");
  });

  test.each([
    [["install", "my-package"]],
    [["install", "--index-url", index, "my-package"]],
    [["download", `--extra-index-url=${withUser}`, "my-package"]],
    [["list", "--outdated"]],
  ])("says so in one line before pip starts: %p", async (args) => {
    const { stderr, exitCode } = await pip(args);
    expect(stderr).toMatch(
      /^vouch: Not [^\n]* pip goes on without a token: if it ends with a 401[^\n]*`vouch login`[^\n]*\n$/,
    );
    expect(exitCode).toBe(0);
  });

  test("its keyring says so no second time, also where pip is a child of what the shim becomes, as with pyenv's hook", async () => {
    const hooked = join(laptop.folder, "hooked");
    mkdirSync(hooked);
    writeFileSync(join(hooked, "pip"), `#!/bin/sh\nsh -c 'keyring get ${index} aws; exit 0'\nexit $?\n`);
    chmodSync(join(hooked, "pip"), 0o755);
    const PATH = [laptop.shims, hooked, "/usr/bin", "/bin"].join(delimiter);
    const { stdout, stderr } = await laptop.run(["pip", "install", "my-package"], { env: { PATH } });
    expect([stdout, stderr.match(/Not logged in/g)]).toEqual(["", ["Not logged in"]]);
  });

  test.each([
    [["list"]],
    [["--version"]],
    [["freeze"]],
    [["show", "my-package"]],
    [[]],
    [["install", "--index-url", "https://pypi.org/simple/", "x"]],
  ])("says nothing where no repository of ours is asked: %p", async (args) => {
    expect((await pip(args)).stderr).toBe("");
  });

  test("says the same in one line where no agent runs", async () => {
    await laptop.vouch("agent", "stop");
    expect((await pip(["install", "my-package"])).stderr).toMatch(/^vouch: [^\n]*`vouch login`[^\n]*\n$/);
    expect((await pip(["list"])).stderr).toBe("");
  });
});
