/** What the agent answers: a border beside the security key. */
import { maxBodyBytes, routes } from "../../../src/agent/protocol.ts";
import { askThrough, type System } from "../../../src/agent/wire/question.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { canary } from "../corpus.ts";
import { mutatedSeed } from "../mutations/bytes.ts";
import type { Target } from "../target.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const bodies = [
  `{"token":"${canary}","expiration":1800000000,"endpoint":"https://example.com/"}`,
  '{"registries":[{"format":"npm","endpoint":"https://example.com/","token":"abc","expiration":1}]}',
  '{"error":{"code":"login_needed","message":"Not logged in.","hint":"Run `vouch login`."}}',
  '{"error":{"code":"no_such_code","message":"Something."}}',
  '{"error":{"code":1,"message":[]}}',
  "null",
  "[]",
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
];
const agentAnswers = bodies.flatMap((body) =>
  ["200 OK", "401 Unauthorized", "500 Internal Server Error"].map((status) =>
    encode(
      `HTTP/1.1 ${status}\r\nvouch-protocol: 1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    ),
  ),
);

const S_IFDIR = 0o040700;
const S_IFSOCK = 0o140600;

/** A system whose agent has answered with these bytes. */
function systemWith(answer: Uint8Array): System {
  const uid = process.getuid?.() ?? -1;
  return {
    lstat: (path) => ({ uid, mode: path.endsWith(".sock") ? S_IFSOCK : S_IFDIR }),
    exchange: async (_path, _request, { read }) => {
      read(answer);
      return read(answer, true);
    },
  };
}

export const agentAnswer: Target = {
  name: "agent-answer",
  reads: "the agent's HTTP answers (src/agent/wire/question.ts)",
  share: 20,
  passesWordsOn: true,
  input: (random) => [mutatedSeed(random, agentAnswers)],
  run: ([bytes = new Uint8Array(0)], time) =>
    time.until(
      askThrough(systemWith(bytes), routes.token).then((reply) => {
        if (bytes.length <= maxBodyBytes) expectBounded(reply, bytes.length);
        return reply;
      }),
    ),
};
