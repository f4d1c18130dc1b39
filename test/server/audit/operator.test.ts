import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { afterEach, expect, test } from "bun:test";
import { operator } from "../../../src/server/audit/operator.ts";

const names = ["USER", "LOGNAME", "USERNAME", "SUDO_USER"] as const;
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));

afterEach(() => {
  for (const name of names) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

const account = spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim();
const machine = hostname().slice(0, 64);

test("names the account of the operating system, whatever the environment says", () => {
  delete process.env["SUDO_USER"];
  for (const name of ["USER", "LOGNAME", "USERNAME"]) process.env[name] = "ceo@example.com";
  expect(operator()).toBe(`${account}@${machine}`);
});

test("names the account of the operating system without any variable", () => {
  for (const name of names) delete process.env[name];
  expect(operator()).toBe(`${account}@${machine}`);
});

test("adds who sudo says was there before", () => {
  process.env["SUDO_USER"] = "dev";
  expect(operator()).toBe(`${account}@${machine} (sudo: dev)`);
});
