/** `vouch log` with the compiled executables: helpers, the first stage, a raw socket. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordEntry } from "../../../src/agent/wire/reply-parts.ts";
import { filesContaining } from "../disk.ts";
import { runInTerminal } from "../../pty.ts";
import { tempFolder } from "../../temp-folder.ts";
import { until } from "../../agent/harness.ts";
import { cargoGet, cargoIndex, ended, executable, type Laptop, startLaptop } from "../../laptop.ts";

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
});
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
});

test("the status counts the programs, and the table names them", async () => {
  expect((await laptop.vouch("status")).stdout).toMatch(/Asked today +\d+ programs? \(`vouch log` shows what for\)/);
  const { stdout } = await laptop.vouch("log", "--since", "1h");
  expect(stdout).toMatch(/LAST +TIMES +WHAT +WHERE +OUTCOME +WHO/);
  expect(stdout).toMatch(/cargo read .* ok +vouch \(\d+\) ← /);
});

test("what Vouch's own commands ask is named by the command, and doctor's looks count as no program", async () => {
  const count = async (): Promise<number> =>
    (JSON.parse((await laptop.vouch("status", "--json")).stdout) as { askedToday: number }).askedToday;
  const before = await count();
  await laptop.vouch("doctor");
  expect(await count()).toBe(before);
  const byDoctor = (await recorded()).filter(({ askers }) => askers[0]?.name === "vouch doctor");
  expect(byDoctor.map(({ operation }) => operation)).toContain("token");
  await laptop.vouch("keys", "add", "--name", "other");
  expect((await recorded()).at(-1)!.askers[0]!.name).toBe("vouch keys");
  expect((await laptop.vouch("log")).stdout).toMatch(/ keys add start +- +begun +vouch keys \(/);
});

const sh = (line: string) => laptop.run(["/bin/bash", "-o", "pipefail", "-c", line]);

test("what nobody reads any more ends, also while it follows", async () => {
  expect(await sh("vouch log --follow | head -1")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^LAST +TIMES/),
    stderr: "",
  });
  expect(await sh("vouch log --follow --json | head -1")).toMatchObject({ exitCode: 0, stderr: "" });
  for (const command of ["vouch log", "vouch status", "vouch log --json", "vouch --help"]) {
    expect(await sh(`${command} | true`)).toMatchObject({ exitCode: 0, stderr: "" });
  }
});

test("on a terminal no line is wider than it, and into a pipe none is cut", async () => {
  const { screen } = await runInTerminal([executable, "log"], { env: laptop.env }, async () => {});
  const lines = screen.trim().split("\n");
  expect(lines[0]).toContain("OUTCOME");
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(120);
  expect(screen).toContain("…");
  expect((await laptop.vouch("log")).stdout).not.toContain("…");
});

test("while it follows it shows what is asked, and that an entry has grown, by the same id", async () => {
  await using child = Bun.spawn([executable, "log", "--follow", "--json"], { env: laptop.env, stdout: "pipe" });
  const seen: RecordEntry[] = [];
  const reading = (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split("\n");
      text = parts.pop()!;
      for (const line of parts) seen.push(JSON.parse(line) as RecordEntry);
    }
  })();
  const cargo = () => seen.filter(({ operation }) => operation === "cargo read");
  await until(() => cargo().length > 0);
  const [first] = cargo();
  await ended(laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() }));
  await until(() => cargo().some(({ id, count }) => id === first!.id && count === first!.count + 1));
  child.kill();
  await reading;
});

test("following without an agent says that it waits", async () => {
  using folder = tempFolder("/tmp");
  const env = { ...laptop.env, VOUCH_RUNTIME_DIR: join(folder.path, "run"), XDG_STATE_HOME: folder.path };
  await using child = Bun.spawn([executable, "log", "--follow"], { env, stdout: "ignore", stderr: "pipe" });
  let said = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said.endsWith("\n")) break;
  }
  expect(said).toBe("No agent is running: waiting for one, which `vouch login` starts. Ctrl-C ends.\n");
  expect(child.exitCode).toBeNull();
  child.kill("SIGINT");
  await child.exited;
});

test("a full disk costs no answer, and the log says what is missing in its files", async () => {
  using folder = tempFolder("/tmp");
  const env = {
    PATH: laptop.env["PATH"]!,
    HOME: folder.path,
    VOUCH_RUNTIME_DIR: join(folder.path, "run"),
    NO_COLOR: "1",
  };
  const vouch = (...args: string[]) => laptop.run([executable, ...args], { env: { ...laptop.env, ...env } });
  await ended(vouch("setup", "log", "--keep", "yes"));
  // One block is less than the first entries need.
  await using agent = Bun.spawn(["/bin/bash", "-c", 'ulimit -f 1; exec "$0" agent run', executable], {
    env: { ...laptop.env, ...env },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await until(async () => (await vouch("agent", "status")).exitCode === 0);
  for (const command of [
    ["credential", "aws"],
    ["exec", "--", "true"],
    ["credential", "codeartifact"],
  ]) {
    await vouch(...command);
  }
  const failed = `cannot write the log's files in ${folder.path}/.local/state/vouch: a limit on the size of files is reached`;
  await until(async () => (await vouch("log")).stderr.includes(failed));
  const { stdout } = await vouch("log", "--json");
  expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(3);
  await ended(vouch("agent", "stop"));
  expect(await agent.exited).toBe(0);
});

/** The last one: it logs out. */
test("with --keep the log outlives logout and agent, each ask once, without tokens", async () => {
  await ended(laptop.vouch("setup", "log", "--keep", "yes", "--arguments", "yes"));
  await ended(laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() }));
  const project = join(laptop.folder, "secret-project");
  mkdirSync(project);
  const secret = "planted-Secret-1234";
  await ended(
    laptop.run(["/bin/sh", "-c", `"$0" exec -- true; :`, executable, "--password", secret], { cwd: project }),
  );
  const before = (await recorded()).filter(({ operation }) => operation === "cargo read");
  expect(before.length).toBeGreaterThan(0);
  const programs = async () =>
    (JSON.parse((await laptop.vouch("status", "--json")).stdout) as { askedToday: number }).askedToday;
  const asked = await programs();
  await ended(laptop.vouch("logout"));
  const grown = before.filter(({ last }) => last === Math.max(...before.map((each) => each.last)));
  await until(async () => {
    const kept = await recorded();
    return grown.every((one) => kept.some(({ id, count }) => id === one.id && count === one.count));
  });
  // Those of `vouch logout` itself as well.
  expect(await programs()).toBeGreaterThanOrEqual(asked);
  await ended(laptop.vouch("agent", "stop"));
  const kept = await recorded();
  expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length);
  expect(kept.map(({ operation }) => operation)).toContain("logout");
  const { stdout, stderr } = await laptop.vouch("log");
  expect(stdout).toContain("cargo read");
  expect(stderr).toBe("");
  const state = join(laptop.home, ".local/state/vouch");
  expect(filesContaining(state, /vouch-sandbox-token/)).toEqual([]);
  expect(filesContaining(state, new RegExp(secret))).toEqual([]);
  expect(filesContaining(state, /"--password","\*\*\*"/)).toEqual([join(state, "asked.jsonl")]);
  // What others have written there reaches a terminal clean, or not at all.
  const [line = ""] = readFileSync(join(state, "asked.jsonl"), "utf8").split("\n");
  const forged = { ...(JSON.parse(line) as RecordEntry), id: "forged", operation: "cargo \u001b[2Jforged\nline" };
  appendFileSync(join(state, "asked.jsonl"), `${JSON.stringify(forged)}\n\u001b[2J\n{"v":1`);
  const shown = await laptop.vouch("log");
  expect(shown.stdout).toContain("cargo \ufffd[2Jforged line");
  expect(shown.stderr).toBe("warning: 2 lines of the log's files are broken or not Vouch's, and left out.\n");
  const json = (await laptop.vouch("log", "--json")).stdout;
  expect(json).not.toContain("\u001b");
  expect(json).toContain('"id":"forged"');
});

/** Behind the last one: it logs in again, and its agent is killed. */
test("an agent that is killed right behind a login has kept it, and who can publish", async () => {
  await laptop.login();
  const asked = { ...(JSON.parse(cargoGet()) as object), operation: "publish", name: "my-crate", vers: "0.2.0" };
  await ended(laptop.run([executable, "--cargo-plugin"], { stdin: `${JSON.stringify(asked)}\n` }));
  const { pid } = JSON.parse((await laptop.vouch("agent", "status", "--json")).stdout) as { pid: number };
  process.kill(pid, "SIGKILL");
  // Its socket goes a moment after the signal.
  while (!/"running": ?false/.test((await laptop.vouch("agent", "status", "--json")).stdout)) await Bun.sleep(20);
  // Its memory is gone, and the first login was before --keep.
  const kept = await recorded();
  expect(kept.filter(({ operation }) => operation === "login finish")).toHaveLength(1);
  expect(kept.filter(({ operation }) => operation === "cargo publish")).toMatchObject([{ claims: ["my-crate 0.2.0"] }]);
});
