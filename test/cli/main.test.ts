import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { runInTerminal } from "../pty.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const main = join(import.meta.dir, "../../src/main.ts");
// Nothing is enrolled there, and no agent runs.
const empty = tempFolderUntil(afterAll);
const env = { ...process.env, HOME: empty, XDG_CONFIG_HOME: empty, VOUCH_RUNTIME_DIR: join(empty, "run") };

async function vouch(...args: string[]) {
  const child = Bun.spawn([process.execPath, main, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

test.each(["--version", "-V"])("vouch %s prints the version", async (flag) => {
  expect(await vouch(flag)).toEqual({ exitCode: 0, stdout: `vouch ${packageJson.version}\n`, stderr: "" });
});

const commands = [
  "login",
  "logout",
  "status",
  "doctor",
  "enroll",
  "keys",
  "setup",
  "exec",
  "credential",
  "agent",
  "completions",
  "server",
];

test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("vouch %j shows every command", async (args) => {
  const run = await vouch(...args);
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  for (const command of commands) expect(run.stdout).toMatch(new RegExp(`^  ${command}  `, "m"));
  expect(run.stdout).toContain("Examples:");
  expect(run.stdout).not.toContain("\x1b");
});

describe("the help of a command is shown", () => {
  test.each([
    [["login", "--help"], "Usage: vouch login [FLAGS]", "--timeout SECONDS"],
    [["help", "login"], "Usage: vouch login [FLAGS]", "vouch login --timeout 120"],
    [["login", "--timeout", "5", "-h"], "Usage: vouch login [FLAGS]", "-h, --help"],
    [["--help", "login"], "Usage: vouch login [FLAGS]", "-h, --help"],
    [["login", "--help"], "--debug ", "Trace requests, the agent, the security key"],
    [["--debug", "login", "--help"], "Usage: vouch login [FLAGS]", "--debug "],
    [["logout", "--help"], "Usage: vouch logout", "Examples:"],
    [["status", "--help"], "Usage: vouch status [FLAGS]", "Exit code 0 when you are logged in, 4 when not."],
    [["doctor", "--help"], "Usage: vouch doctor [FLAGS]", "changes nothing without --fix"],
    [["enroll", "--help"], "Usage: vouch enroll [FLAGS]", "one-time code"],
    [["enroll", "-h"], "Usage: vouch enroll [FLAGS]", "the code is not used up"],
    [["login", "-h"], "Usage: vouch login [FLAGS]", "--server URL"],
    [["keys", "--help"], "Usage: vouch keys COMMAND [FLAGS]", "one in your pocket"],
    [["keys", "list", "--help"], "Usage: vouch keys list [FLAGS]", "--json"],
    [["keys", "add", "--help"], "Usage: vouch keys add [FLAGS]", "One USB port is enough."],
    [["keys", "rename", "--help"], "Usage: vouch keys rename KEY NAME", "the beginning of its id"],
    [["keys", "remove", "--help"], "Usage: vouch keys remove KEY [FLAGS]", "Then only a new enrolment code"],
    [["keys", "info", "--help"], "Usage: vouch keys info [FLAGS]", "Exit code 3"],
    [["keys", "pin", "--help"], "Usage: vouch keys pin [FLAGS]", "at least 8 characters"],
    [["keys", "clean", "--help"], "Usage: vouch keys clean [FLAGS]", "--delete IDS"],
    [["keys", "reset", "--help"], "Usage: vouch keys reset [FLAGS]", "step by step"],
    [["setup", "--help"], "Usage: vouch setup [COMMAND] [FLAGS]", "codeartifact"],
    [
      ["exec", "--help"],
      "Usage: vouch exec [--publish] [--identity NAME …] -- COMMAND [ARGUMENT …]",
      "CODEARTIFACT_AUTH_TOKEN",
    ],
    [["credential", "--help"], "Usage: vouch credential COMMAND [FLAGS]", "codeartifact"],
    [["help", "credential", "codeartifact"], "Usage: vouch credential codeartifact [FLAGS]", "--endpoint URL"],
    [["agent", "--help"], "Usage: vouch agent COMMAND [FLAGS]", "stop"],
    [["agent", "status", "--help"], "Usage: vouch agent status [FLAGS]", "Print `running` (true or false)"],
    [["agent", "stop", "--help"], "Usage: vouch agent stop", "Examples:"],
    [["completions", "--help"], "Usage: vouch completions bash|zsh|fish", "source <(vouch completions zsh)"],
    [["server", "--help"], "Usage: vouch server COMMAND", "invite"],
    [["server", "invite", "--help"], "Usage: vouch server invite EMAIL", "one-time code"],
  ])("with the words %j", async (args, usage, teaches) => {
    const run = await vouch(...args);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run.stdout).toContain(usage);
    expect(run.stdout).toContain(teaches);
    for (const line of run.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
  });
});

test.each(["exec", "credential codeartifact", "setup codeartifact"])(
  "vouch help %s speaks of the default repository",
  async (command) => {
    const text = (await vouch("help", ...command.split(" "))).stdout.replaceAll(/\s+/g, " ");
    expect(text).toMatch(/the default repository|becomes the default one/);
    expect(text).not.toMatch(/that was set up (first|last)/);
  },
);

describe("an error goes to stderr with its exit code", () => {
  test.each([
    [["logn"], 2, 'error: vouch has no command "logn".', "hint: Did you mean `vouch login`? See `vouch --help`."],
    [["whoami"], 2, 'error: vouch has no command "whoami".', "Did you mean `vouch status`?"],
    [["env"], 2, 'error: vouch has no command "env".', "Did you mean `vouch exec -- COMMAND`?"],
    [["shell"], 2, 'error: vouch has no command "shell".', "Did you mean `vouch exec -- $SHELL`?"],
    [["version"], 2, 'error: vouch has no command "version".', "Did you mean `vouch --version`?"],
    [["ls"], 2, 'error: vouch has no command "ls".', "Did you mean `vouch status`?"],
    [["token"], 2, 'error: vouch has no command "token".', "Did you mean `vouch credential codeartifact`?"],
    [["codeartifact", "login"], 2, 'no command "codeartifact".', "Did you mean `vouch setup codeartifact`?"],
    [["logs"], 2, 'error: vouch has no command "logs".', "Did you mean `vouch agent status`?"],
    [["keys", "ls"], 2, 'error: vouch keys has no command "ls".', "Did you mean `vouch keys list`?"],
    [["keys", "delete", "x"], 2, 'error: vouch keys has no command "delete".', "Did you mean `vouch keys remove`?"],
    [["sessions", "end"], 2, "Which session?", "`vouch sessions end --others` all but this one"],
    [["sessions", "revoke"], 2, 'no command "revoke".', "Did you mean `vouch sessions end`?"],
    [["agent", "restart"], 2, 'no command "restart".', "Did you mean `vouch agent stop`?"],
    [["server", "start"], 2, 'no command "start".', "Did you mean `vouch server run`?"],
    [["setup", "npm"], 2, 'no command "npm".', "Did you mean `vouch setup codeartifact --tool npm`?"],
    [["setup", "xyzzy"], 2, 'no command "xyzzy".', "hint: See `vouch setup --help`."],
    [["--verbose"], 2, "error: vouch has no flag --verbose.", "Did you mean `--debug`?"],
    [["-d"], 2, "error: vouch has no flag -d.", "Did you mean `--debug`?"],
    [["-x"], 2, "error: vouch has no flag -x.", "hint: See `vouch --help`."],
    [["status", "-v"], 2, "error: vouch status has no flag -v.", "Did you mean `--debug`?"],
    [["status", "-x"], 2, "error: vouch status has no flag -x.", "hint: See `vouch status --help`."],
    [["status", "--output", "json"], 2, "error: vouch status has no flag --output.", "Did you mean `--json`?"],
    [["login", "--profile", "x"], 2, "error: vouch login has no flag --profile.", "Did you mean `--for`?"],
    [["xyzzy"], 2, 'error: vouch has no command "xyzzy".', "hint: See `vouch --help`."],
    [["--verison"], 2, "error: vouch has no flag --verison.", "hint: Did you mean `--version`?"],
    [["toString"], 2, 'error: vouch has no command "toString".', "hint: See"],
    [["agent"], 2, "error: vouch agent needs a command: run, stop, status.", "hint: See `vouch agent --help`."],
    [["keys", "remove"], 2, "error: KEY is missing.", "hint: See `vouch keys remove --help`."],
    [["keys", "rename", "work"], 2, "error: NAME is missing.", ""],
    [["keys", "remove", "a", "b"], 2, 'error: vouch keys remove does not expect "b".', ""],
    [["keys", "list"], 4, "error: Not logged in: the Vouch agent is not running.", "`vouch enroll --server URL`"],
    [["exec", "--", "true"], 4, "Not logged in: the Vouch agent is not running.", "`vouch enroll --server URL`"],
    [["credential", "codeartifact"], 4, "Not logged in: the Vouch agent is not", "`vouch enroll --server URL`"],
    [["credential", "aws"], 4, "Not logged in: the Vouch agent is not running.", "`vouch enroll --server URL`"],
    [["ssh", "host"], 4, "Not logged in: the Vouch agent is not running.", "`vouch enroll --server URL`"],
    [["sessions", "list"], 4, "Not logged in: the Vouch agent is not running.", "`vouch login --server URL`"],
    [["agent", "stpo"], 2, 'error: vouch agent has no command "stpo".', "`vouch agent stop`"],
    [["login", "--debgu"], 2, "error: vouch login has no flag --debgu.", "`--debug`"],
    [["--debgu", "login"], 2, "error: vouch has no flag --debgu.", "`--debug`"],
    [["login", "--debug=1"], 2, "error: --debug takes no value.", ""],
    [["login", "--tiemout", "5"], 2, "error: vouch login has no flag --tiemout.", "`--timeout`"],
    [
      ["login", "--timeout", "soon"],
      2,
      "error: --timeout expects a number of seconds",
      "hint: Give for example --timeout 60.",
    ],
    [["exec"], 2, "error: COMMAND is missing.", "hint: Give it: `vouch exec -- COMMAND`."],
    [["trust"], 2, "error: FOLDER is missing.", "hint: Give it: `vouch trust FOLDER`."],
    [["-v"], 2, "error: vouch has no flag -v.", "hint: Did you mean `--version`?"],
    [["setup", "codeartifact"], 2, "error: --domain is missing.", "hint: Give it: "],
    [
      ["setup", "codeartifact", "--domain", "d1", "--repository", "r1"],
      2,
      "error: --region is missing",
      "hint: Give --region REGION",
    ],
    [
      ["setup", "aws", "--role", "arn:aws:iam::123456789012:role/x", "--region", "mars"],
      2,
      "error: Expected an AWS region",
      "`vouch setup aws --region REGION`",
    ],
    [["trust", "/nonexistent"], 2, "error: No such folder: /nonexistent.", "hint: Check its spelling."],
    [["trust", main], 2, `error: No such folder: ${main}.`, "hint: Check its spelling."],
    [["completions", "tcsh"], 2, 'error: Expected one of bash, zsh, fish, got "tcsh".', "hint: See"],
    [["completions"], 2, "error: SHELL is missing.", "hint: See `vouch completions --help`."],
    [["enroll"], 2, "error: --server is missing.", "See `vouch enroll --help`."],
    [["enroll", "--server", "vouch.example.com"], 2, "error: --server expects a URL", "https://vouch.example.com"],
    [["enroll", "--server", "http://vouch.example.com"], 2, "error: --server expects an https URL", ""],
    [["enroll", "--server", "https://a:b@vouch.example.com"], 2, "error: --server expects a URL without user name", ""],
    [["login"], 1, "error: This machine does not know your Vouch server yet.", "`vouch enroll --server URL`"],
  ])("for vouch %j", async (args, exitCode, message, hint) => {
    const run = await vouch(...args);
    expect(run).toMatchObject({ exitCode, stdout: "" });
    expect(run.stderr).toContain(message);
    expect(run.stderr).toContain(hint);
    expect(run.stderr).not.toContain("\x1b");
  });
});

test("vouch status without anything set up ends with 4 and names what comes first", async () => {
  const run = await vouch("status");
  expect(run.exitCode).toBe(4);
  expect(run.stdout).toStartWith("Not logged in\n");
  expect(run.stderr).toBe("Next: `vouch enroll`.\n");
});

test("vouch status --json prints JSON and nothing else", async () => {
  const run = await vouch("status", "--json");
  expect(run).toMatchObject({ exitCode: 4, stderr: "" });
  expect(JSON.parse(run.stdout)).toMatchObject({ loggedIn: false, session: null, agent: null, repositories: [] });
});

test("vouch agent status and vouch logout without an agent say so", async () => {
  expect(await vouch("agent", "status")).toMatchObject({
    exitCode: 1,
    stdout: "No agent is running. `vouch login` starts it.\n",
  });
  const asJson = await vouch("agent", "status", "--json");
  expect(asJson).toMatchObject({ exitCode: 1, stderr: "" });
  expect(JSON.parse(asJson.stdout)).toMatchObject({ running: false, executable: { version: "0.1.0" } });
  expect(await vouch("agent", "stop")).toMatchObject({ exitCode: 0, stderr: "No agent is running.\n" });
  expect(await vouch("logout")).toMatchObject({ exitCode: 0, stderr: "There is no session; nothing to do.\n" });
});

test("a terminal gets colour, except with NO_COLOR", async () => {
  const inColor = await runInTerminal([process.execPath, main, "logn"], { env }, async () => {});
  expect(inColor.screen).toContain("\x1b[31merror:\x1b[39m");
  const without = await runInTerminal(
    [process.execPath, main, "logn"],
    { env: { ...env, NO_COLOR: "1" } },
    async () => {},
  );
  expect(without.screen).toStartWith("error: ");
});

test.each([
  ["on", "warning: VOUCH_DEBUG=on has no effect: 1, true or yes turns the trace on.\n"],
  ["0", ""],
  ["yes", "debug: "],
])("VOUCH_DEBUG=%s: the command line says %j", async (value, said) => {
  const child = Bun.spawn([process.execPath, main, "status", "--json"], {
    env: { ...env, VOUCH_DEBUG: value },
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  if (value === "yes") {
    expect(stderr).toStartWith(said);
    expect(stderr).toContain(`-> no agent (no socket at ${join(empty, "run/agent.sock")}), `);
  } else expect(stderr).toBe(said);
});

test("--debug shows an error's code, and no stack of a fault that is not the program's", async () => {
  const child = Bun.spawn([process.execPath, main, "status", "--debug"], {
    env: { ...process.env, VOUCH_CONFIG: "relative.json" },
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  expect(await child.exited).toBe(2);
  expect(stderr).toContain("code: usage");
  expect(stderr).not.toMatch(/^\s+at /m);
});
