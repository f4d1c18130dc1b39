/** Dependencies in git whose clones want the token: npm starts another npm in a clone that has `prepare`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manifest, variable } from "./files.ts";

const reference = `\${${variable}}`;

/** What a project's file, and that of the dependency's clone, says; each names the variable of the token. */
export const hostileSettings: [what: string, ofProject: string, ofClone: string, words: RegExp | null][] = [
  ["user-agent", `user-agent=${reference}\n`, "", /\.npmrc: user-agent names the variable of a token/],
  ["a scope and a tag", `scope=@a${reference}\ntag=${reference}\n`, "", /\.npmrc: scope names/],
  ["the registry", `registry=http://127.0.0.1:1/${reference}/\n`, "", /\.npmrc: registry names/],
  ["a reference in two parts", `user-agent=${reference.replace("con", "con${NOT_SET?}")}\n`, "", /user-agent names/],
  ["the clone's user-agent", "", `user-agent=${reference}\n`, null],
  ["the clone's scope and tag", "", `scope=@a${reference}\ntag=${reference}\n`, null],
];

/**
 * Makes `outer`, whose development needs `inner`, whose development needs a package of the registry at `url`; each has
 * `prepare`. Returns the URL of outer.
 */
export function makeRepositories(folder: string, { url, settings }: { url: string; settings: string }): string {
  const npmrc = `@z:registry=${url}/\nallow-git=all\n${settings}`;
  const make = (name: string, devDependencies: Record<string, string>) =>
    makeRepository(join(folder, name), {
      "package.json": manifest({ scripts: { prepare: "true" }, devDependencies }),
      ".npmrc": npmrc,
    });
  return make("outer", { inner: make("inner", { "@z/inner": "1.0.0" }) });
}

/** Makes a repository of these files; returns its URL, as npm takes it. */
export function makeRepository(folder: string, files: Record<string, string>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
  for (const words of [
    ["init", "-q"],
    ["add", "-A"],
    ["commit", "-qm", "x"],
  ]) {
    const { exitCode, stderr } = Bun.spawnSync(["git", ...identity, ...words], { cwd: folder });
    if (exitCode !== 0) throw new Error(String(stderr));
  }
  return `git+file://${folder}`;
}
