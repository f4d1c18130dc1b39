/** Each command that a `vouch server` command prints as the next one is run by a shell as it is printed. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shellWord } from "../../../src/base/words/shell-word.ts";
import { atSameServer, namingDatabase } from "../../../src/server/command/same-server.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "vouch"), `#!/bin/sh\nexec ${shellWord(process.execPath)} ${shellWord(main)} "$@"\n`);
  chmodSync(join(bin, "vouch"), 0o755);
  env = { PATH: `${bin}${delimiter}${process.env["PATH"]}`, HOME: folder, NO_COLOR: "1" };
});

async function shell(line: string): Promise<{ code: number; text: string }> {
  const child = Bun.spawn(["sh", "-c", line], { cwd: folder, env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, text: stdout + stderr };
}

/** Between backticks, or on an indented line of its own. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`|^ {3}(vouch [^\n]+)$/gm)].map(([, inline, line]) => inline ?? line!);
}

/** Runs the command, and then what it prints that begins so; returns what was printed last. */
async function runNext(line: string, code: number, ...nexts: string[]): Promise<string> {
  let last = await shell(line);
  expect({ line, ...last }).toMatchObject({ code });
  for (const next of nexts) {
    const printed = commandsIn(last.text).find((command) => command.startsWith(next));
    expect(`${last.text}\n${printed ?? `no command ${next}`}`).toContain(`\n${next}`);
    const output = await shell(printed!);
    expect({ printed, ...output }).toMatchObject({ code: 0 });
    // A command without a next one leaves those of the command before.
    if (commandsIn(output.text).length > 0) last = output;
  }
  return last.text;
}

const place = "--database sqlite:trial.db";
const init = `vouch server init --url https://vouch.example.com ${place}`;

describe("what is printed runs as it is printed", () => {
  test("after init: deploying to AWS, inviting", async () => {
    await runNext(init, 0, "vouch server aws");
    await runNext(init, 0, "vouch server invite");
  });

  test("by check, for signing keys in clear text: a key, encrypting, changing the key", async () => {
    await runNext(init, 0);
    const check = `vouch server check --listen 127.0.0.1:0 ${place}`;
    await runNext(check, 0, "(umask 077", "vouch server signing-keys encrypt", "vouch server signing-keys rotate");
    const withKey = `${check} --key-encryption-key file:kek`;
    expect((await runNext(withKey, 0)).match(/^warning.*clear text/gm)).toBeNull();
  });

  test("by check with a key-encryption key: encrypting with it", async () => {
    await runNext(init, 0);
    await shell("umask 077; openssl rand -base64 32 > kek");
    const check = `vouch server check --listen 127.0.0.1:0 ${place} --key-encryption-key file:kek`;
    await runNext(check, 0, "vouch server signing-keys encrypt", "vouch server signing-keys list");
  });

  test("by rotate --now: retiring the key that leaked", async () => {
    await runNext(init, 0);
    await runNext(`vouch server signing-keys rotate --now ${place}`, 0, "vouch server signing-keys retire");
  });

  test("for a database that there is none of: init", async () => {
    const failed = await shell(`vouch server users ${place}`);
    const [printed] = commandsIn(failed.text);
    expect((await shell(printed!.replace("YOUR-HOST", "vouch.example.com"))).code).toBe(0);
  });

  test("about people: the list for an unknown one, enabling a disabled one, inviting the first", async () => {
    await runNext(init, 0);
    const empty = await runNext(`vouch server users ${place}`, 0);
    expect((await shell(commandsIn(empty)[0]!.replace("EMAIL", "dev@example.com"))).code).toBe(0);
    await runNext(`vouch server enable other@example.com ${place}`, 1, "vouch server users");
    await runNext(`vouch server disable dev@example.com ${place}`, 0);
    await runNext(`vouch server invite dev@example.com ${place}`, 1, "vouch server enable");
  });

  test("about a signing key that there is none of", async () => {
    await runNext(init, 0);
    await runNext(`vouch server signing-keys retire KID ${place}`, 1, "vouch server signing-keys list");
  });

  test("with a configuration file", async () => {
    writeFileSync(join(folder, "server.toml"), `database = "sqlite:${join(folder, "trial.db")}"\n`);
    await runNext("vouch server init --url https://vouch.example.com --config server.toml", 0, "vouch server invite");
    await runNext("vouch server enable other@example.com --config server.toml", 1, "vouch server users");
  });
});

describe("the hint of a database that is missing", () => {
  const hint = "Run `vouch server init --url https://YOUR-HOST --database sqlite:/home/ann/server.db` first.";
  const usual = () => join(folder, "server.toml");

  test("names the server's configuration before init where nothing named a database", () => {
    expect(namingDatabase(hint, {}, {}, usual())).toMatch(/VOUCH_SERVER_CONFIG=FILE.*--config FILE.*vouch server init/);
    writeFileSync(usual(), "");
    expect(namingDatabase(hint, {}, { VOUCH_DATABASE: "" }, usual())).toMatch(
      /`export VOUCH_SERVER_CONFIG=\S+\/server.toml`.*--config FILE.*vouch server init/,
    );
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["--database", { database: "sqlite:a.db" }, {}],
    ["VOUCH_DATABASE", {}, { VOUCH_DATABASE: "sqlite:a.db" }],
    ["--config", { config: "server.toml" }, {}],
    ["VOUCH_SERVER_CONFIG", {}, { VOUCH_SERVER_CONFIG: "server.toml" }],
  ])("stays as it is with %s", (_, flags, variables) => {
    expect(namingDatabase(hint, flags, variables, usual())).toBe(hint);
  });

  test("is what a command and check print in a new shell", async () => {
    for (const line of ["vouch server groups list", "vouch server check --listen 127.0.0.1:0"])
      expect((await shell(line)).text).toMatch(/VOUCH_SERVER_CONFIG.*`vouch server init/);
  });

  test("no other hint changes", () => {
    expect(namingDatabase("Run `vouch server users`.", {}, {}, usual())).toBe("Run `vouch server users`.");
  });
});

describe("a command in a text", () => {
  const flags = { database: "sqlite:/srv/my vouch.db", "key-encryption-key": "file:/etc/kek", json: true };

  test.each([
    ["`vouch server users`", "`vouch server users --database 'sqlite:/srv/my vouch.db'`"],
    [
      "   vouch server signing-keys rotate",
      "   vouch server signing-keys rotate --database 'sqlite:/srv/my vouch.db' --key-encryption-key file:/etc/kek",
    ],
    ["`vouch server users --database sqlite:a`", "`vouch server users --database sqlite:a`"],
    ["`vouch server aws`, `vouch server config example`", "`vouch server aws`, `vouch server config example`"],
    ["the words vouch server users", "the words vouch server users"],
  ])("%s is about the same server", (text, expected) => {
    expect(atSameServer(text, flags)).toBe(expected);
  });

  test("never has a secret", () => {
    const secrets = { database: "postgres://vouch:hunter2@db/vouch", "key-encryption-key": "hunter2" };
    expect(atSameServer("`vouch server signing-keys rotate`", secrets)).toBe("`vouch server signing-keys rotate`");
  });
});
