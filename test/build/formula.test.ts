import { afterAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formula } from "../../build/formula.ts";
import { targets } from "../../build/targets.ts";
import { requires } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

const repository = "https://github.com/example-org/vouch";
const version = "1.2.3";
const sums = Object.fromEntries(
  targets.map(({ name }, index) => [`vouch-${version}-${name}.tar.gz`, `${index}`.padStart(64, "a")]),
);
const everything = ["man/vouch.1", "completions/vouch.bash", "completions/_vouch", "completions/vouch.fish"];
const text = formula({ repository, version, archives: sums, contents: ["vouch", ...everything] });

/** A Formula that takes down what the class says, for each processor and system, instead of installing it. */
const recorder = `
class Formula
  def self.method_missing(name, *args, **options, &block) = block ? block.call : (puts [name, *args].join(" "))
  def self.respond_to_missing?(*) = true
  def self.test(&) = nil
  def self.service(&) = nil
  def self.on_macos(&block) = (puts("macos"); block.call)
  def self.on_linux(&block) = (puts("linux"); block.call)
  def self.on_arm(&block) = (puts("arm"); block.call)
  def self.on_intel(&block) = (puts("intel"); block.call)
end
module Hardware
  class CPU
    def self.avx2? = ENV["AVX2"] == "1"
  end
end
`;

function ruby(...args: string[]) {
  return Bun.spawnSync(["ruby", ...args], { env: { ...process.env, AVX2: "0" } });
}

const hasRuby = requires("ruby");

test.skipIf(!hasRuby)("the formula is Ruby without warnings", () => {
  const file = join(folder, "vouch.rb");
  writeFileSync(file, text);
  const { exitCode, stdout, stderr } = ruby("-cw", file);
  expect({ exitCode, stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
    exitCode: 0,
    stdout: "Syntax OK\n",
    stderr: "",
  });
});

test.skipIf(!hasRuby)("the formula names the archive and the checksum of each system", () => {
  const file = join(folder, "recorded.rb");
  writeFileSync(file, recorder + text);
  const { exitCode, stdout } = ruby(file);
  expect(exitCode).toBe(0);
  const line = (target: string) => {
    const name = `vouch-${version}-${target}.tar.gz`;
    return `url ${repository}/releases/download/v${version}/${name}\nsha256 ${sums[name]}\n`;
  };
  expect(stdout.toString()).toContain(
    `macos\narm\n${line("darwin-arm64")}intel\n${line("darwin-x64")}linux\narm\n${line("linux-arm64")}intel\n${line("linux-x64-baseline")}`,
  );
});

test("the formula installs of the manual page and the completions those that the archive has", () => {
  for (const path of everything) expect(text).toContain(`.install "${path}"`);
  const bare = formula({ repository, version, archives: sums, contents: ["vouch"] });
  expect(bare).not.toMatch(/man1|completion/);
  expect(`${text}${bare}`).not.toContain("@");
});

test("an archive that is missing is an error, not a formula with a hole", () => {
  const { [`vouch-${version}-darwin-arm64.tar.gz`]: _, ...others } = sums;
  expect(() => formula({ repository, version, archives: others, contents: [] })).toThrow("darwin-arm64");
});

/** What Homebrew's linter asks of a formula that can be seen without it. */
test("the formula keeps Homebrew's style", () => {
  const description = /^ {2}desc "(.*)"$/m.exec(text)![1]!;
  expect(description.length).toBeLessThanOrEqual(80);
  expect(description).not.toMatch(/^(a|an|the|vouch)\b|\.$/i);
  expect(text.split("\n").filter((line) => line.length > 118 && !/url|sha256/.test(line))).toEqual([]);
  expect(text).not.toMatch(/\t| $|'/m);
  expect(
    [
      ...text.matchAll(
        /^ {2}(desc|homepage|version|license|on_macos|on_linux|def install|def caveats|service|test)\b/gm,
      ),
    ].map(([, name]) => name),
  ).toEqual([
    "desc",
    "homepage",
    "version",
    "license",
    "on_macos",
    "on_linux",
    "def install",
    "def caveats",
    "service",
    "test",
  ]);
});
