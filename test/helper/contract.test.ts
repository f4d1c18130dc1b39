/**
 * A helper's two sides keep one contract: whatever is asked, whatever the agent answers and wherever it listens, the
 * executable writes the same bytes and ends with the same code as its careful side alone, and asks the agent the same.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { requiresCompiler } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { answerWith } from "./contract-answers.ts";
import { answers, askers, type Case, cargoIndex, requests, surroundings } from "./contract-cases.ts";
import { trustedPlaces, untrustedPlaces } from "./contract-places.ts";
import { buildSides, left, type Side } from "./sides.ts";

const hasFirstStage = requiresCompiler();
const folder = tempFolderUntil(afterAll, "/tmp");
const home = join(folder, "home");
// Another user reaches what is in it.
chmodSync(folder, 0o755);

beforeAll(async () => {
  if (!hasFirstStage) return;
  // Cargo's provider answers for an index that is set up, also without an agent.
  mkdirSync(join(home, ".config/vouch"), { recursive: true, mode: 0o700 });
  const repository = {
    domain: "dd",
    domainOwner: "123456789012",
    region: "us-east-1",
    repository: "rr",
    endpoints: { cargo: cargoIndex },
  };
  const settings = JSON.stringify({ version: 1, repositories: [repository] });
  writeFileSync(join(home, ".config/vouch/config.json"), settings, { mode: 0o600 });
  await buildSides(folder);
});

interface Agent extends AsyncDisposable {
  asked: string[];
}

interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: number;
  /** Each different request that the agent got. */
  asked: string[];
}

async function run(side: Side, row: Case, runtime = join(folder, "run")): Promise<Outcome> {
  const { program, args, stdin = [], env = {} } = row;
  const project = `${runtime}-project`;
  for (const path of [runtime, `${runtime}-other`, project]) rmSync(path, { recursive: true, force: true });
  mkdirSync(runtime, { mode: 0o700 });
  await using agent = row.foreign ? await foreignAgent(runtime) : ownOrMounted(runtime, row);
  const place = row.place?.(runtime, join(runtime, "agent.sock")) ?? {};
  for (const [path, text] of Object.entries(row.files ?? {})) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text, { mode: 0o755 });
  }
  const child = Bun.spawn(commandOf([join(folder, side, program), ...args], row.parent, project), {
    cwd: project,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: home,
      VOUCH_RUNTIME_DIR: runtime,
      // As the shim `pip` leaves it, when it has looked at the project.
      VOUCH_PIP: `${process.pid}:`,
      ...env,
      ...place,
    },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const stderr = child.stderr.text();
  const stdout = await converse(child, stdin);
  return { stdout, stderr: await stderr, exitCode: await child.exited, asked: [...new Set(agent.asked)] };
}

/** The command, started by a parent with these words: the shell under another name, whose script is the second word. */
function commandOf(command: string[], parent: Case["parent"], project: string): string[] {
  mkdirSync(project, { recursive: true });
  if (parent === undefined) return command;
  const [name, subcommand, ...words] = parent;
  writeFileSync(join(project, subcommand), `${command.map((word) => `'${word}'`).join(" ")}\nexit $?\n`);
  mkdirSync(join(folder, "bin"), { recursive: true });
  rmSync(join(folder, "bin", name), { force: true });
  symlinkSync("/bin/sh", join(folder, "bin", name));
  return [join(folder, "bin", name), subcommand, ...words];
}

/** Writes each part of stdin once all lines before it are answered; gives all of stdout, a character for each byte. */
async function converse(child: Bun.Subprocess<"pipe", "pipe", "pipe">, parts: readonly string[]): Promise<string> {
  let stdout = "";
  // Cargo's provider greets first.
  let expected = 1;
  const unsent = [...parts];
  const sendNext = async () => {
    const next = unsent.shift();
    if (next !== undefined) {
      expected += next.split("\n").filter((line) => line.trim() !== "").length;
      if (!next.endsWith("\n")) expected--;
      await child.stdin.write(next);
    }
    if (unsent.length === 0) await child.stdin.end();
    else await child.stdin.flush();
  };
  // A helper that has ended takes no more.
  const ended = (error: unknown) => expect(error).toMatchObject({ code: "EPIPE" });
  await sendNext().catch(ended);
  for await (const chunk of child.stdout) {
    stdout += Buffer.from(chunk).toString("latin1");
    if (unsent.length > 0 && stdout.split("\n").length > expected) await sendNext().catch(ended);
  }
  return stdout;
}

const matched = [answerWith('{"configured":[true],"onConfiguredHost":[true]}')];

/** Listens as the agent and answers as the row says. */
function fakeAgent(runtime: string, { answer, match = matched }: Pick<Case, "answer" | "match">): Agent {
  const asked: string[] = [];
  const listener = Bun.listen<{ received: string; unsent: Buffer; ended: boolean }>({
    unix: join(runtime, "agent.sock"),
    socket: {
      open(socket) {
        socket.data = { received: "", unsent: Buffer.alloc(0), ended: false };
      },
      async data(socket, chunk) {
        socket.data.received += chunk.toString("latin1");
        const { received } = socket.data;
        const length = Number(/content-length: (\d+)/.exec(received)?.[1] ?? 0);
        if (received.length < received.indexOf("\r\n\r\n") + 4 + length) return;
        asked.push(received);
        const parts = received.includes("/v1/match") ? match : answer;
        if (parts === undefined) return;
        for (const [index, part] of parts.entries()) {
          if (index > 0) await Bun.sleep(20);
          socket.data.unsent = Buffer.concat([socket.data.unsent, Buffer.from(part)]);
          send(socket);
        }
        socket.data.ended = true;
        send(socket);
      },
      drain: send,
      error() {},
    },
  });
  return { asked, [Symbol.asyncDispose]: async () => listener.stop(true) };
}

/** Listens as another user, if the folder is that user's. */
function ownOrMounted(runtime: string, row: Case): Agent {
  if (row.mounted === undefined) return fakeAgent(runtime, row);
  chownSync(runtime, 65534, 65534);
  chmodSync(runtime, row.mounted);
  // The kernel tells peers who has called listen(2).
  process.seteuid!(65534);
  try {
    return fakeAgent(runtime, row);
  } finally {
    process.seteuid!(0);
  }
}

/** Another user listens there, in a folder and behind a socket that look like the user's own. */
async function foreignAgent(runtime: string): Promise<Agent> {
  chmodSync(runtime, 0o777);
  const program = join(import.meta.dir, "../agent/programs/foreign.ts");
  const socket = join(runtime, "agent.sock");
  const listener = Bun.spawn([process.execPath, program, "listen", socket], { stdout: "pipe" });
  const lines = listener.stdout.getReader();
  expect(Buffer.from((await lines.read()).value!).toString()).toBe("listening\n");
  chownSync(socket, 0, 0);
  chmodSync(runtime, 0o700);
  const asked: string[] = [];
  return {
    asked,
    async [Symbol.asyncDispose]() {
      listener.kill();
      expect((await lines.read()).value).toBeUndefined();
    },
  };
}

function send(socket: Bun.Socket<{ unsent: Buffer; ended: boolean }>): void {
  const { data } = socket;
  if (data.unsent.length > 0) data.unsent = data.unsent.subarray(Math.max(0, socket.write(data.unsent)));
  if (data.unsent.length === 0 && data.ended) socket.end();
}

describe.skipIf(!hasFirstStage).each([
  ["answers", answers],
  ["requests", requests],
  ["surroundings", surroundings],
  ["places", trustedPlaces],
  ["places that nobody can trust", untrustedPlaces],
])("%s", (_, cases) => {
  test.each(cases.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const { asked, ...careful } = await run("careful", row);
    // The first stage leaves it to the agent what a request of Cargo's is; what it has asked, it may have asked in vain.
    const mayAsk = untrustedPlaces.includes(row) ? [] : expect.arrayContaining(asked);
    expect(await run("both", row)).toEqual({ ...careful, asked: mayAsk });
    const alone = await run("first-stage", row);
    if (row.taken === true) expect(alone).toEqual({ ...careful, asked });
    else if (row.taken !== "maybe") expect(alone.exitCode).toBe(left);
  });
});

test.skipIf(!hasFirstStage)(
  "an agent that never answers is given up after thirty seconds, in the same words on both sides",
  async () => {
    await Promise.all(
      askers.map(async ({ name, kind, ask }) => {
        const row: Case = { ...ask, name, answer: undefined };
        const runtime = join(folder, name.replaceAll(" ", "-"));
        const [careful, both] = await Promise.all([
          run("careful", row, `${runtime}-1`),
          run("both", row, `${runtime}-2`),
        ]);
        // On a busy machine the last request may come too late to be sent.
        expect({ ...both, asked: [] }).toEqual({ ...careful, asked: [] });
        // A prompt is given up after half a second, and says nothing.
        if (kind === "timeLeft") expect(both).toMatchObject({ stdout: "", stderr: "", exitCode: 1 });
        else expect(`${both.stdout}${both.stderr}`).toContain("did not answer within 30 seconds");
      }),
    );
  },
  180_000,
);
