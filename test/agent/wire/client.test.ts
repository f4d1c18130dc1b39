/** What the asking side makes of an agent that does not answer as agreed. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askAgent, askStatus } from "../../../src/agent/wire/client.ts";
import { maxBodyBytes, routes } from "../../../src/agent/protocol.ts";
import { ask as askAsHelper } from "../../../src/helper/ask.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

let folder: string;
let agent: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished, "/tmp");
  process.env["VOUCH_RUNTIME_DIR"] = folder;
  process.env["XDG_STATE_HOME"] = join(folder, "state");
});
afterEach(async () => {
  agent?.kill();
  await agent?.exited;
  agent = undefined;
  delete process.env["VOUCH_RUNTIME_DIR"];
  delete process.env["XDG_STATE_HOME"];
});

/** Another process listens as the agent and answers every request with these bytes; undefined: never. */
async function answerWith(bytes: string | undefined): Promise<AsyncIterator<string>> {
  const program = join(import.meta.dir, "../programs/fake-agent.ts");
  const command = [process.execPath, program, join(folder, "agent.sock")];
  if (bytes !== undefined) {
    command.push(join(folder, "answer"));
    writeFileSync(join(folder, "answer"), bytes);
  }
  agent = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = linesOf(agent.stdout);
  expect((await lines.next()).value).toBe("ready");
  return lines;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

type Ask = typeof askAgent;
const ways: [string, Ask][] = [
  ["the command line", askAgent],
  ["a helper", (route, body = {}, options) => askAsHelper(route, body, undefined, options?.timeoutMs)],
];

const json = (body: string, head = "HTTP/1.1 200 OK\r\nvouch-protocol: 1") =>
  `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe.each(ways)("asked by %s, the agent's client", (_way, ask) => {
  test("returns the answer", async () => {
    const requests = await answerWith(json('{"configured":[true],"onConfiguredHost":[true]}'));
    expect(await ask(routes.match, { urls: ["x"] })).toEqual({ configured: [true], onConfiguredHost: [true] });
    const request = JSON.parse((await requests.next()).value as string);
    expect(request).toStartWith("POST /v1/match HTTP/1.1\r\n");
    expect(request).toContain("vouch-protocol: 1\r\n");
    expect(request).toEndWith('{"urls":["x"]}');
  });

  test.each([
    ["access_denied", "access_denied"],
    ["of_the_future", "internal_error"],
  ])("throws the agent's error with its message and hint: %s → %s", async (code, expected) => {
    await answerWith(
      json(`{"error":{"code":"${code}","message":"No.","hint":"Ask."}}`, "HTTP/1.1 403 Forbidden\r\nvouch-protocol: 1"),
    );
    expect(await rejection(ask(routes.token))).toMatchObject({ code: expected, message: "No.", hint: "Ask." });
  });

  test.each<[string, string, RegExp]>([
    ["that names no version", json("{}", "HTTP/1.1 200 OK"), /expected protocol 1, got none/],
    ["that is too long", json(" ".repeat(maxBodyBytes + 8193)), /expected at most 1056768 bytes/],
    [
      "of unknown length",
      "HTTP/1.1 200 OK\r\nvouch-protocol: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      /broke off/,
    ],
    ["that is no JSON", json("<html>"), /not JSON/],
    ["that is no object", json("null"), /not an object/],
    ["that is an error without words", json("{}", "HTTP/1.1 500 Oh\r\nvouch-protocol: 1"), /status 500/],
    ["that is no HTTP", "SSH-2.0-OpenSSH_9.9\r\n", /went away before it answered/],
    [
      "that leads elsewhere",
      json("{}", "HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\nvouch-protocol: 1"),
      /answered with status 302/,
    ],
    [
      "that breaks off",
      'HTTP/1.1 200 OK\r\nvouch-protocol: 1\r\ncontent-length: 50\r\n\r\n{"tok',
      /broke off its answer/,
    ],
    ["that is empty", "", /went away before it answered/],
  ])("refuses an answer %s", async (_, bytes, message) => {
    await answerWith(bytes);
    const failure = await rejection(ask(routes.token));
    expect(failure).toMatchObject({ code: "agent_unavailable", hint: "Run `vouch agent stop`, then `vouch login`." });
    expect(failure.message).toMatch(message);
  });

  test.each([
    ["2", /newer than this vouch.*expected protocol 1, got 2/, "which -a vouch"],
    ["0", /older than this vouch.*expected protocol 1, got 0/, "Run `vouch login`: it replaces the agent."],
  ])("refuses an answer of protocol %s, and says which side is the older one", async (version, message, hint) => {
    await answerWith(json("{}", `HTTP/1.1 200 OK\r\nvouch-protocol: ${version}`));
    const failure = await rejection(ask(routes.token));
    expect(failure).toMatchObject({ code: "agent_unavailable", hint: expect.stringContaining(hint) });
    expect(failure.message).toMatch(message);
  });

  test.each<[string, string, string | undefined]>([
    ["agent_unavailable", json("null"), "Run `vouch agent stop`, then `vouch login`."],
    [
      "internal_error",
      json('{"error":{"code":"internal_error","message":"No."}}', "HTTP/1.1 500 Oh\r\nvouch-protocol: 1"),
      undefined,
    ],
  ])("the error %s names the agent's log where there is one", async (code, bytes, hint) => {
    await answerWith(bytes);
    expect(await rejection(ask(routes.token))).toMatchObject({ code, hint });
    const log = join(folder, "state/vouch/agent.log");
    mkdirSync(log, { recursive: true });
    expect(await rejection(ask(routes.token))).toMatchObject({ code, hint });
    rmSync(log, { recursive: true });
    writeFileSync(log, "");
    const named = `${hint === undefined ? "" : `${hint} `}The agent's log is ${log}.`;
    expect(await rejection(ask(routes.token))).toMatchObject({ code, hint: named });
  });

  test("an error that is the person's own does not name the log", async () => {
    mkdirSync(join(folder, "state/vouch"), { recursive: true });
    writeFileSync(join(folder, "state/vouch/agent.log"), "");
    const body = '{"error":{"code":"login_needed","message":"No.","hint":"Ask."}}';
    await answerWith(json(body, "HTTP/1.1 401 Oh\r\nvouch-protocol: 1"));
    expect(await rejection(ask(routes.token))).toMatchObject({ code: "login_needed", hint: "Ask." });
  });

  test("an agent that does not answer ends the request with the time limit", async () => {
    await answerWith(undefined);
    const failure = await rejection(ask(routes.token, {}, { timeoutMs: 50 }));
    expect(failure).toMatchObject({
      code: "agent_unavailable",
      message: "The Vouch agent did not answer within 0.05 seconds.",
    });
  });
});

test("the status is asked once more of an agent that closed the connection unread, as one does that restarts itself", async () => {
  let connections = 0;
  const listener = Bun.listen({
    unix: join(folder, "agent.sock"),
    socket: {
      open(socket) {
        if (++connections === 1) socket.end();
      },
      data(socket) {
        socket.end(
          json('{"error":{"code":"internal_error","message":"Twice."}}', "HTTP/1.1 500 Oh\r\nvouch-protocol: 1"),
        );
      },
    },
  });
  onTestFinished(() => listener.stop(true));
  expect(await rejection(askStatus())).toMatchObject({ message: "Twice." });
  expect(connections).toBe(2);
});

test("an agent that closes every connection unread is asked twice", async () => {
  let connections = 0;
  const listener = Bun.listen({
    unix: join(folder, "agent.sock"),
    socket: {
      open(socket) {
        connections++;
        socket.end();
      },
      data() {},
    },
  });
  onTestFinished(() => listener.stop(true));
  expect(await rejection(askStatus())).toMatchObject({ code: "agent_unavailable" });
  expect(connections).toBe(2);
});
