/** Loaded into Node.js by NODE_OPTIONS: leads connections to HOST:PORT as NAME_SERVICE (JSON) says, to 127.0.0.1. */
"use strict";
const { Socket } = require("node:net");

const places = JSON.parse(process.env.NAME_SERVICE ?? "{}");
const { connect } = Socket.prototype;
const led = (options) => {
  const port = places[`${options?.host}:${options?.port}`];
  return port === undefined ? options : { ...options, host: "127.0.0.1", port };
};
Socket.prototype.connect = function (first, ...rest) {
  // Node.js hands on an array of options and callback that it marks as its own: changed in place.
  if (Array.isArray(first)) first[0] = led(first[0]);
  return connect.call(this, Array.isArray(first) ? first : led(first), ...rest);
};
