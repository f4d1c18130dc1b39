/**
 * docs/install.md: every line of its shell blocks is run as it stands, against a release on loopback and in an empty home
 * folder, but for those that begin with a program which cannot run here. Dockerfiles are held to the archives' contents.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { targets } from "../../build/targets.ts";
import { host, releaseHost, version } from "../build/release.ts";
import { type ReleaseServer, serveRelease, trust } from "../packaging/release-server.ts";
import { requires } from "../requires.ts";
import { blocksOf } from "./blocks.ts";
import { tempFolder } from "../temp-folder.ts";

const text = readFileSync(join(import.meta.dir, "../../docs/install.md"), "utf8");
const temporary = tempFolder();
const work = temporary.path;
const home = join(work, "home");

/** What is run elsewhere: on GitHub, with Homebrew, in Alpine, under systemd's or launchd's care, in a clone, or by `npm test` itself. */
const elsewhere =
  /^(gh|brew|apk|systemctl|journalctl|launchctl|cp \S+darwin\S+|npm run build|sudo install [-\w ]+ dist\/\S+) /;

const document = blocksOf("docs/install.md");

/** The texts of the blocks of a language, in all of the document or under one heading. */
function blocks(language: string, heading?: string): string[] {
  return document.flatMap((block) =>
    block.language === language && (heading === undefined || block.heading === heading) ? [block.text] : [],
  );
}

let server: ReleaseServer;
beforeAll(async () => {
  mkdirSync(home);
  await releaseHost(join(work, "release"));
  server = serveRelease(join(work, "release"));
});
afterAll(() => {
  server.stop();
  temporary[Symbol.dispose]();
});

/** Runs the lines as one script, with the release's addresses leading to the server here. */
async function run(lines: string) {
  const script = lines
    .replaceAll(
      /https:\/\/github\.com\/example-org\/vouch\/releases\/(latest\/download|download\/v[$\w.]+)/g,
      server.url,
    )
    .replaceAll("linux-x64", host.name);
  const child = Bun.spawn(["bash", "-euo", "pipefail"], {
    cwd: home,
    stdin: new TextEncoder().encode(script),
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...trust,
      HOME: home,
      PATH: [join(home, ".local/bin"), process.env["PATH"]].join(delimiter),
      VOUCH_DOWNLOAD_URL: server.url,
      VOUCH_RUNTIME_DIR: join(home, "run"),
      TMPDIR: work,
    },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

const here = (block: string) =>
  block
    .split("\n")
    .filter((line) => !elsewhere.test(line))
    .join("\n");

// The page shows the way on Linux.
describe.skipIf(process.platform !== "linux" || !requires("curl", "sha256sum", "install"))(
  "the commands of docs/install.md work in the order of the page",
  () => {
    const scripts = blocks("sh")
      .map(here)
      .filter((script) => script.trim() !== "");

    test.each(scripts.map((script) => [script.split("\n")[0]!, script] as const))(
      "such as %s",
      async (_, script) => {
        if (script.includes("vouch setup codeartifact")) {
          const role = "--role arn:aws:iam::123456789012:role/vouch-developer --region us-east-1";
          const set = await run(`vouch setup aws ${role}
        vouch setup codeartifact --domain my-domain --repository my-repo --tool cargo`);
          expect(set).toMatchObject({ exitCode: 0 });
        }
        const { exitCode, stderr } = await run(script);
        expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      },
      120_000,
    );

    test("and after the last one nothing is left but what cargo had", () => {
      for (const path of [".local/bin/vouch", ".config/vouch", ".local/share/vouch"]) {
        expect(existsSync(join(home, path))).toBe(false);
      }
    });
  },
);

test("docs/install.md speaks of this version and of all targets", () => {
  const named = [...text.matchAll(/(?:vouch-|version=|VERSION=|download\/v)(\d+\.\d+\.\d+)/g)].map(
    ([, found]) => found,
  );
  expect(new Set(named)).toEqual(new Set([version]));
  for (const { name, platform } of targets) {
    const [system, arch, ...variants] = name.split("-");
    if (platform === "win32") continue;
    expect(text).toContain(`\`${system}-${arch}\``);
    for (const variant of variants) expect(text).toContain(`\`-${variant}\``);
  }
});

describe("a Dockerfile of docs/install.md installs the executable from the release's archive", () => {
  test.each(blocks("dockerfile").map((block) => [block.split("\n")[0]!, block] as const))(
    "which begins %s",
    (_, block) => {
      const [, url] = /^ADD --checksum=sha256:CHECKSUM (\S+) \S+$/m.exec(block)!;
      const archive = url!.slice(url!.lastIndexOf("/") + 1);
      const target = targets.find(({ name }) => archive === `vouch-${version}-${name}.tar.gz`)!;
      expect(url).toBe(`https://github.com/example-org/vouch/releases/download/v${version}/${archive}`);
      expect(target.name.includes("musl")).toBe(block.includes("FROM alpine"));
      expect(block.includes("apk add --no-cache libstdc++")).toBe(target.name.includes("musl"));
      // The tar of the line, on the archive of this machine.
      const line =
        /^RUN (tar .*?) &&/m.exec(block) ?? /&& (tar .*?) &&/m.exec(block) ?? /^RUN (tar [^&]+)/m.exec(block)!;
      const bin = mkdtempSync(join(work, "bin-"));
      const command = line[1]!
        .replace("/tmp/vouch.tar.gz", join(work, "release", `vouch-${version}-${host.name}.tar.gz`))
        .replace("/usr/local/bin", bin)
        .replaceAll(`vouch-${version}-${target.name}`, `vouch-${version}-${host.name}`);
      expect(Bun.spawnSync(["sh", "-c", command]).exitCode).toBe(0);
      expect(Bun.spawnSync([join(bin, "vouch"), "--version"]).stdout.toString()).toBe(`vouch ${version}\n`);
    },
  );
});
