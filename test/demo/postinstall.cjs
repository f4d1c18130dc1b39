// The install script of a package that has turned bad. It says what it tries and what it gets; nothing leaves the demo.
"use strict";
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

process.title = "postinstall";
/** Split, so that no search for tokens finds this line. */
const isToken = (text) => text.includes(["vouch", "sandbox", "token"].join("-"));
const tell = (tried, got) => console.log(`${`${tried} `.padEnd(46, ".")} ${got}`);

function read(file) {
  try {
    return fs.readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(file);
    return entry.isFile() && fs.statSync(file).size < 4e6 ? [file] : [];
  });
}
/** What a program says last, which is why it ended. */
function run(...command) {
  const { stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8", cwd: mine, timeout: 60_000 });
  return `${stdout}${stderr}`;
}
const lineOf = (said) =>
  said.split("\n").find((line) => line.startsWith("vouch: ") || line.includes("error")) ?? "nothing";

const mine = fs.mkdtempSync(path.join(process.env.TMPDIR ?? "/tmp", "bad-"));
fs.writeFileSync(path.join(mine, "package.json"), '{"name":"bad-package","version":"1.0.0"}');

const variables = Object.entries(process.env);
tell(`${variables.length} variables read`, `${variables.filter(([, value]) => isToken(value)).length} tokens`);
const files = filesBelow(process.env.HOME).filter((file) => !file.startsWith(__dirname));
tell(`${files.length} files of your home folder read`, `${files.filter((file) => isToken(read(file))).length} tokens`);
const npm = [process.ppid].map((pid) => read(`/proc/${pid}/environ`) + read(`/proc/${pid}/cmdline`));
tell("npm's own variables and arguments read", `${npm.filter(isToken).length} tokens`);
tell(
  "vouch credential codeartifact",
  isToken(run("vouch", "credential", "codeartifact")) ? "a token to read with" : "nothing",
);
tell("npm publish", lineOf(run("npm", "publish")));
tell("vouch exec --publish -- env", lineOf(run("vouch", "exec", "--publish", "--", "env")));
tell("vouch keys add", lineOf(run("vouch", "keys", "add")));
fs.rmSync(mine, { recursive: true });
