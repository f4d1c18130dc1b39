/** What install.sh trusts: https alone, a hash that was given, and who built the archive. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { host, version } from "../build/release.ts";
import { requires, requiresDownloader } from "../requires.ts";
import { startInstaller, tools } from "./install-script.ts";

const { work, server, install, pathWith, stop } = await startInstaller();
afterAll(stop);

const archive = `vouch-${version}-${host.name}.tar.gz`;
const sha256 = new Bun.CryptoHasher("sha256").update(readFileSync(join(work, "release", archive))).digest("hex");
const nothing = { exitCode: 1, bin: [] };
const fetching = test.skipIf(!requiresDownloader());

test.each(["http://localhost:1", "ftp://localhost/", "file:///tmp", "//localhost", "HTTPS"])(
  "VOUCH_DOWNLOAD_URL=%s is refused before anything is fetched",
  async (url) => {
    expect(await install({ env: { VOUCH_DOWNLOAD_URL: url } })).toMatchObject({
      ...nothing,
      stderr: `install.sh: VOUCH_DOWNLOAD_URL must begin with https://, got ${url}.\n`,
    });
  },
);

describe.each([["curl"], ["wget"]])("the install script with %s", (downloader) => {
  const env = () => ({ PATH: pathWith([...tools, downloader, "sha256sum"]) });

  test.skipIf(!requires(downloader))("follows a redirect over https", async () => {
    server.lead("SHA256SUMS", `${server.url}/SHA256SUMS?again`);
    server.lead(archive, `${server.url}/${archive}?again`);
    expect(await install({ shell: ["/bin/sh"], env: env() })).toMatchObject({ exitCode: 0, bin: ["vouch"] });
  });

  test.skipIf(!requires(downloader)).each(["SHA256SUMS", archive])(
    "follows no redirect of %s to http",
    async (file) => {
      let asked = 0;
      const plain = Bun.serve({
        hostname: "localhost",
        port: 0,
        fetch: () => {
          asked++;
          return new Response(Bun.file(join(work, "release", file)));
        },
      });
      server.lead(file, `http://localhost:${plain.port}/${file}`);
      expect(await install({ shell: ["/bin/sh"], env: env() })).toMatchObject(nothing);
      expect(asked).toBe(0);
      await plain.stop(true);
    },
  );

  test.skipIf(!requires(downloader))("installs nothing from a server that nobody vouches for", async () => {
    const path = pathWith([...tools, downloader, "sha256sum"]);
    const untrusting = { PATH: path, CURL_CA_BUNDLE: "", WGETRC: "/dev/null" };
    expect(await install({ shell: ["/bin/sh"], env: untrusting })).toMatchObject(nothing);
  });
});

describe("a hash that was given to the install script", () => {
  fetching("is what the archive is compared with, and no list is asked for", async () => {
    server.asked.length = 0;
    const { exitCode, stdout } = await install({ env: { VOUCH_VERSION: `v${version}`, VOUCH_SHA256: sha256 } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Verified: its SHA-256 is the one in VOUCH_SHA256.");
    expect(server.asked).toEqual([archive]);
  });

  fetching("refuses another archive, whatever the list of its place says", async () => {
    const env = { VOUCH_VERSION: version, VOUCH_SHA256: "0".repeat(64) };
    const { stderr, ...rest } = await install({ env });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toContain(`${archive} is not what VOUCH_SHA256 says: expected ${env.VOUCH_SHA256}, got ${sha256}.`);
  });

  test("needs its version", async () => {
    expect(await install({ env: { VOUCH_SHA256: sha256 } })).toMatchObject({
      ...nothing,
      stderr: "install.sh: VOUCH_SHA256 is of one version: set VOUCH_VERSION too.\n",
    });
  });
});

describe.skipIf(!requires("curl", "sha256sum"))("the install script asks who built the archive", () => {
  const programs = [...tools, "curl", "sha256sum", "sh"];
  const args = (home: string) => readFileSync(join(home, "asked"), "utf8").trim();
  const recording = (verdict: string) => `echo "$@" >>"$HOME/asked"; ${verdict}`;

  test("and takes gh's word, when gh is logged in", async () => {
    const gh = recording("exit 0");
    const { exitCode, stdout, home } = await install({ shell: ["/bin/sh"], env: { PATH: pathWith(programs, { gh }) } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "Verified with gh: the release workflow of https://github.com/example-org/vouch built it.",
    );
    expect(args(home)).toMatch(
      new RegExp(`^auth status\nattestation verify \\S*/${archive} --repo example-org/vouch$`),
    );
  });

  test.each([
    ["gh", { gh: 'case $1 in auth) ;; *) echo "no attestation" >&2; exit 1 ;; esac' }],
    ["cosign", { cosign: 'echo "no attestation" >&2; exit 1' }],
  ])("and installs nothing when %s refuses", async (name, own) => {
    server.replace("provenance.sigstore.json", "{}");
    await Bun.write(join(work, "release/provenance.sigstore.json"), "{}");
    const { stderr, ...rest } = await install({ shell: ["/bin/sh"], env: { PATH: pathWith(programs, own) } });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toBe(`no attestation\ninstall.sh: ${archive} is not verified by ${name}. Nothing was installed.\n`);
  });

  test("and takes cosign's word, with the bundle of the release", async () => {
    await Bun.write(join(work, "release/provenance.sigstore.json"), "{}");
    const path = pathWith(programs, { gh: "exit 1", cosign: recording("exit 0") });
    const { exitCode, stdout, home } = await install({ shell: ["/bin/sh"], env: { PATH: path } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Verified with cosign");
    expect(args(home)).toContain("--certificate-oidc-issuer https://token.actions.githubusercontent.com");
    expect(args(home)).toEndWith(`/${archive}`);
  });

  test("and says what was not verified when neither program is there", async () => {
    const path = pathWith(programs, { gh: "exit 1" });
    const { exitCode, stdout } = await install({ shell: ["/bin/sh"], env: { PATH: path } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Not verified: who built it.");
  });
});
