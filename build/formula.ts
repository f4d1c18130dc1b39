/** The Homebrew formula of a release: packaging/homebrew/vouch.rb with its places filled in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface FormulaInput {
  repository: string;
  version: string;
  /** The archives with their SHA-256 in hexadecimal; each `vouch-VERSION-TARGET.tar.gz` that the template names. */
  archives: Record<string, string>;
  /** What the archives contain beside the executable: paths like `man/vouch.1`. */
  contents: string[];
}

const installSteps: Record<string, string> = {
  "man/vouch.1": 'man1.install "man/vouch.1"',
  "completions/vouch.bash": 'bash_completion.install "completions/vouch.bash" => "vouch"',
  "completions/_vouch": 'zsh_completion.install "completions/_vouch"',
  "completions/vouch.fish": 'fish_completion.install "completions/vouch.fish"',
};

/** The formula's text. Throws for an archive that the template names and the release does not have. */
export function formula({ repository, version, archives, contents }: FormulaInput): string {
  const file = (target: string) => `vouch-${version}-${target}.tar.gz`;
  const sha256 = (target: string) => {
    const sum = archives[file(target)];
    if (sum === undefined) throw new Error(`expected ${file(target)} among the archives`);
    return sum;
  };
  const extras = Object.entries(installSteps).flatMap(([path, step]) =>
    contents.includes(path) ? [`    ${step}\n`] : [],
  );
  return readFileSync(join(import.meta.dir, "../packaging/homebrew/vouch.rb"), "utf8")
    .replaceAll("@REPOSITORY@", repository)
    .replaceAll("@VERSION@", version)
    .replace("    @EXTRAS@\n", extras.join(""))
    .replaceAll(/@URL:([^@]+)@/g, (_, target: string) => `${repository}/releases/download/v${version}/${file(target)}`)
    .replaceAll(/@SHA256:([^@]+)@/g, (_, target: string) => sha256(target));
}
