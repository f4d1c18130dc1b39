/** `vouch log` with the compiled executables: helpers, the first stage, a raw socket. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import type { RecordEntry } from "../../../src/agent/protocol.ts";
import { cargoGet, cargoIndex, ended, executable, type Laptop, startLaptop } from "../../laptop.ts";

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
}, 60_000);
afterAll(async () => laptop?.stop());

async function recorded(): Promise<RecordEntry[]> {
  const lines = (await ended(laptop.vouch("log", "--json"))).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as RecordEntry);
}
const sum = (entries: RecordEntry[]) => entries.reduce((total, { count }) => total + count, 0);

test("Cargo's helper, keyring and vouch exec are there, however they were answered, each below what started it", async () => {
  for (let times = 0; times < 3; times++) {
    await ended(laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() }));
    await ended(laptop.vouch("exec", "--", "true"));
  }
  const found = await recorded();
  const cargo = found.filter(({ operation }) => operation === "cargo read");
  expect(cargo).toMatchObject([{ count: 3, target: cargoIndex.slice(7), outcome: "ok" }]);
  expect(cargo[0]!.askers[1]!.pid).toBe(process.pid);
  expect(sum(found.filter(({ operation }) => operation === "tokens"))).toBe(3);
});

test("a program that asks the socket by itself is there with its name", async () => {
  const body = JSON.stringify({ url: cargoIndex.slice(7) });
  const request = `POST /v1/token HTTP/1.1\r\nvouch-protocol: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock"), () => socket.write(request));
    socket.once("data", (chunk) => resolve(chunk.toString()));
    socket.once("error", reject);
  });
  expect(answer).toStartWith("HTTP/1.1 200");
  const entry = (await recorded()).find(({ operation }) => operation === "token");
  expect(entry).toMatchObject({ count: 1, target: cargoIndex.slice(7), outcome: "ok" });
  expect(entry!.askers[0]!.pid).toBe(process.pid);
});

test("of a hundred helpers at once none is missing, and no token is in the record", async () => {
  const before = sum((await recorded()).filter(({ operation }) => operation === "cargo read"));
  await Promise.all(
    Array.from({ length: 100 }, async () => ended(laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() }))),
  );
  const found = await recorded();
  expect(sum(found.filter(({ operation }) => operation === "cargo read")) - before).toBe(100);
  expect(JSON.stringify(found)).not.toContain("vouch-sandbox-token");
}, 60_000);

test("the status counts the programs, and the table names them", async () => {
  expect((await laptop.vouch("status")).stdout).toMatch(/Asked today +\d+ programs? \(`vouch log` shows what for\)/);
  const { stdout } = await laptop.vouch("log", "--since", "1h");
  expect(stdout).toMatch(/LAST +TIMES +WHAT +WHERE +OUTCOME +WHO/);
  expect(stdout).toMatch(/cargo read .* ok +vouch \(\d+\) ← /);
});
