/**
 * What code of a package can read: looks for a token in its environment, in the files that variables name, and in the
 * environment, the arguments and the descriptors of every process above it up to SPY_STOP. Adds a line to SPY_REPORT.
 */
const fs = require("node:fs");
const { spawnSync } = require("node:child_process");

const found = [];
const seen = { environments: 0, descriptors: 0, programs: [] };

function look(where, text) {
  if (text !== undefined && text.includes("vouch-sandbox-token")) found.push(where);
  return text;
}

function read(path) {
  let descriptor;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const chunk = Buffer.alloc(1 << 20);
    return chunk.toString("latin1", 0, fs.readSync(descriptor, chunk));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** A package manager's own pipes, by which it learns that a child has ended, have low numbers: without their bytes it hangs. */
function mayRead(number, link) {
  return link.startsWith("/") || (link.startsWith("pipe:") && number >= 100);
}

function examine(pid) {
  if (look(`environment of ${pid}`, read(`/proc/${pid}/environ`)) !== undefined) seen.environments++;
  seen.programs.push((look(`arguments of ${pid}`, read(`/proc/${pid}/cmdline`)) ?? "").split("\0").join(" "));
  let numbers = [];
  try {
    numbers = fs.readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It has ended.
  }
  for (const number of numbers) {
    let link = "";
    try {
      link = fs.readlinkSync(`/proc/${pid}/fd/${number}`);
    } catch {
      // It has been closed.
    }
    if (!mayRead(Number(number), link)) continue;
    seen.descriptors++;
    look(`descriptor ${number} of ${pid}, ${link}`, read(`/proc/${pid}/fd/${number}`));
  }
}

look("own environment", JSON.stringify(process.env));
for (const [name, value] of Object.entries(process.env))
  if (value.startsWith("/")) look(`file of ${name}`, read(value));
for (const path of process.execArgv.concat(process.argv)) look("own arguments", path);
let pid = process.pid;
while (pid > 1 && pid !== Number(process.env.SPY_STOP)) {
  examine(pid);
  pid = Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 1);
}
const { npm_package_name: name, npm_lifecycle_event: event } = process.env;
const who = process.argv[2] ?? `${name}:${event}`;
fs.appendFileSync(process.env.SPY_REPORT, `${JSON.stringify({ who, found, ...seen })}\n`);
// A program that a package's build starts, as node-gyp is, reads what its parent can.
if (process.argv[2] === "build") spawnSync(process.execPath, [__filename, "compiler"], { stdio: "inherit" });
