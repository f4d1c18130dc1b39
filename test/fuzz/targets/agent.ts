/** What the agent answers, and what package managers ask: the borders beside the security key. */
import { maxBodyBytes, routes } from "../../../src/agent/protocol.ts";
import { askThrough, type System } from "../../../src/agent/question.ts";
import { findRegistry } from "../../../src/config/registries.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { expectBounded } from "../bounded.ts";
import { canary } from "../corpus.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import type { Random } from "../random.ts";
import type { Target } from "../target.ts";
import { Violation } from "../violation.ts";

const MAX_MUTATIONS = 4;
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
    exchange: (_path, _request, limits) => {
      limits.isWhole(answer);
      return answer;
    },
  };
}

export const agentAnswer: Target = {
  name: "agent-answer",
  reads: "the agent's HTTP answers (src/agent/question.ts)",
  share: 20,
  passesWordsOn: true,
  input: (random) => [mutated(random, agentAnswers)],
  run: ([bytes = new Uint8Array(0)], time) =>
    time.until(
      askThrough(systemWith(bytes), routes.token).then((reply) => {
        if (bytes.length <= maxBodyBytes) expectBounded(reply, bytes.length);
        return reply;
      }),
    ),
};

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const settings: Settings = {
  version: 1,
  repositories: [
    {
      domain: "my-domain",
      domainOwner: "123456789012",
      region: "us-east-1",
      repository: "my-repo",
      endpoints: {
        cargo: `https://${host}/cargo/my-repo/`,
        pypi: `https://${host}/pypi/my-repo/`,
        npm: `https://${host}:8443/npm/my-repo/`,
      },
    },
  ],
};

const urls = [
  `sparse+https://${host}/cargo/my-repo/`,
  `https://${host}/pypi/my-repo/simple/package/`,
  `https://aws@${host}/pypi/my-repo/`,
  `https://aws:@${host}:443/pypi/my-repo/`,
  `https://${host}:8443/npm/my-repo/@acme/tool`,
  `${host}:443`,
  "https://evil.example/pypi/my-repo/",
  "@evil.example",
  "/../..//%2e%2e/\\?#:",
].map(encode);

export const registryUrl: Target = {
  name: "registry-url",
  reads: "the URLs that package managers ask about (src/config/registries.ts)",
  share: 10,
  input: (random) => [mutated(random, urls)],
  run([bytes = new Uint8Array(0)]) {
    const text = new TextDecoder().decode(bytes);
    const found = findRegistry(settings, text);
    if (found !== undefined) expectSamePlace(text, found.endpoint);
    return found;
  },
};

/** Every other reader of the URL must see the same place in it: the platform's parser stands for them. */
function expectSamePlace(text: string, endpoint: string): void {
  const address = text.replace(/^sparse\+/i, "");
  const asked = URL.parse(address.includes("://") ? address : `https://${address}`);
  const own = new URL(endpoint);
  const isHost = !address.includes("/");
  const path = own.pathname.replace(/\/$/, "");
  if (
    asked?.host !== own.host ||
    asked.protocol !== own.protocol ||
    (!isHost && `${asked.pathname}/`.indexOf(`${path}/`) !== 0)
  ) {
    throw new Violation(`the token of ${endpoint} would go to ${text}`);
  }
}

function mutated(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  let bytes = random.pick(seeds);
  for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) bytes = mutateBytes(random, bytes, seeds);
  return bytes;
}
