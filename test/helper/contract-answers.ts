/** What an agent may answer, or what listens in its place: as bytes, in one part or several, or not at all. */
import { maxBodyBytes } from "../../src/agent/protocol.ts";

/** The parts of an answer, with a pause between them, before the connection is closed. */
export type Answer = readonly (string | Uint8Array)[];

const protocolHead = "HTTP/1.1 200 \r\nvouch-protocol: 1\r\n";

/** An answer with the head as the agent writes it, or with another beginning. */
export function answerWith(body: string, begin = protocolHead): string {
  return `${begin}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export function refusal(code: string, status = "403 "): string {
  return answerWith(
    JSON.stringify({ error: { code, message: "The agent says no.", hint: "Ask." } }),
    `HTTP/1.1 ${status}\r\nvouch-protocol: 1\r\n`,
  );
}

/** The shapes of the replies on the routes that have a first stage; each takes its token and its time as JSON. */
export const replyOf = {
  token: (token: string, time: string) => `{"token":${token},"expiration":${time},"endpoint":"https://x/"}`,
  cargo: (token: string, time: string) =>
    `{"Ok":{"kind":"get","token":${token},"cache":"expires","expiration":${time},"operation_independent":true}}`,
  timeLeft: (text: string) => `{"text":${text}}`,
  environment: (token: string, time: string) =>
    `{"variables":{"CODEARTIFACT_AUTH_TOKEN":${token},"npm_config_//x.example/npm/r/:_authToken":${token}},"expiration":${time}}`,
};
export type Kind = keyof typeof replyOf;

const time = "1900000000";

/** Answers to a question on the route, whose good reply is `body`. `taken`: the first stage needs no other. */
export function answersTo(kind: Kind): { name: string; answer: Answer; taken?: boolean }[] {
  const reply = replyOf[kind];
  const body = reply('"t0ken"', time);
  const whole = answerWith(body);
  const middle = Math.floor(whole.length / 2);
  return [
    { name: "as agreed", answer: [whole], taken: true },
    { name: "in two parts", answer: [whole.slice(0, middle), whole.slice(middle)], taken: true },
    { name: "in parts of the head", answer: [whole.slice(0, 5), whole.slice(5, 20), whole.slice(20)], taken: true },
    { name: "with a long token", answer: [answerWith(reply(`"${"x".repeat(10_000)}"`, time))], taken: true },
    {
      name: "with another order of headers",
      answer: [answerWith(body, "HTTP/1.1 200 \r\na: b\r\nvouch-protocol: 1\r\n")],
    },
    { name: "with a reason", answer: [answerWith(body, "HTTP/1.1 200 OK\r\nvouch-protocol: 1\r\n")] },
    { name: "with names in upper case", answer: [whole.replace("content-length", "CONTENT-LENGTH")] },
    {
      name: "with a field of a later version",
      answer: [answerWith(body.replace("{", '{"later":[{}],'))],
    },
    { name: "with spaces in the JSON", answer: [answerWith(JSON.stringify(JSON.parse(body), null, 1))] },
    { name: "with a token too long for one buffer", answer: [answerWith(reply(`"${"x".repeat(40_000)}"`, time))] },
    { name: "with a token that is too long", answer: [answerWith(reply(`"${"x".repeat(70_000)}"`, time))] },
    { name: "that is too large", answer: [answerWith(" ".repeat(maxBodyBytes + 8193))] },
    { name: "of another version", answer: [whole.replace("protocol: 1", "protocol: 2")] },
    { name: "that names no version", answer: [answerWith(body, "HTTP/1.1 200 \r\n")] },
    { name: "without its length", answer: [`${protocolHead}\r\n${body}`] },
    { name: "with two lengths", answer: [answerWith(body, `${protocolHead}content-length: 1\r\n`)], taken: true },
    { name: "that is shorter than its length", answer: [whole.slice(0, -2)] },
    { name: "that is longer than its length", answer: [`${whole}x`] },
    { name: "in chunks", answer: [`${protocolHead}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`] },
    { name: "that breaks off in its head", answer: [protocolHead] },
    { name: "that is empty", answer: [] },
    { name: "that is no HTTP", answer: ["SSH-2.0-OpenSSH_9.9\r\n"] },
    { name: "that leads elsewhere", answer: [answerWith("{}", "HTTP/1.1 302 Found\r\nvouch-protocol: 1\r\n")] },
    { name: "of status 201", answer: [answerWith(body, "HTTP/1.1 201 \r\nvouch-protocol: 1\r\n")] },
    { name: "that is not UTF-8", answer: [Buffer.from(answerWith(reply('"t\u00f6ken"', time)), "latin1")] },
    ...["login_needed", "session_expired", "access_denied", "not_configured", "of_the_future", "network"].map(
      (code) => ({ name: `that refuses: ${code}`, answer: [refusal(code)] }),
    ),
    ...nonsense.map((text) => ({ name: `with the body ${text || "of no byte"}`, answer: [answerWith(text)] })),
    ...tokens.map((token) => ({
      name: `with the token ${token}`,
      answer: [answerWith(reply(token, time))],
      taken: kind === "environment" && ['""', '"a b"'].includes(token),
    })),
    ...times.map((value) => ({
      name: `with the time ${value}`,
      answer: [answerWith(reply('"t0ken"', value))],
      // A prompt's reply has no time.
      taken: kind === "timeLeft" || value === "253402300799",
    })),
  ];
}

const nonsense = [
  "{}",
  "[]",
  "null",
  "0",
  '"text"',
  "",
  "{",
  "<html>",
  '{"Ok":null}',
  '{"token":null}',
  '{"variables":[]}',
];
const tokens = [
  "1",
  "null",
  "{}",
  '""',
  '"a b"',
  '"a\\nb"',
  '"a\\u0000b"',
  '"a\\"b"',
  '"t\\u00f6ken"',
  '"t\u00f6ken"',
  '"a\\u001b[31m"',
  '"\\u0061bc"',
];
const times = ["null", '"1"', "0", "-1", "1.5", "1e999", "1e300", "253402300799", "253402300800", "{}"];

/** Environments that an agent may want a command to have: beside the tokens, what steers programs. */
export const environments: { name: string; body: string; taken?: true }[] = [
  { name: "none", body: '{"variables":{}}' },
  {
    name: "an index of pip",
    body: '{"variables":{"PIP_INDEX_URL":"https://aws:t@x.example/simple/"},"expiration":4102444800}',
    taken: true,
  },
  {
    name: "twine's",
    body: '{"variables":{},"twine":{"TWINE_USERNAME":"aws","TWINE_PASSWORD":"t","TWINE_REPOSITORY_URL":"https://x/"},"expiration":4102444800}',
    taken: true,
  },
  {
    name: "a repository's own variable",
    body: '{"variables":{"VOUCH_TOKEN_0123456789ABCDEF":"t"},"expiration":4102444800}',
    taken: true,
  },
  {
    name: "one endpoint that failed",
    body: `{"variables":{"CODEARTIFACT_AUTH_TOKEN":"t"},"failed":[{"endpoint":"https://x/","error":{"code":"access_denied","message":"AWS refused.","hint":"Ask."}}]}`,
  },
  ...[
    '{"variables":"text"}',
    '{"variables":["text"]}',
    '{"variables":{"A":"1"}}',
    '{"variables":{"VOUCH_TOKEN_0123456789ABCDEG":"t"}}',
    '{"variables":{"VOUCH_TOKEN_0123456789ABCDEF0":"t"}}',
    '{"variables":{"PATH":"/evil"}}',
    '{"variables":{"LD_PRELOAD":"/evil"}}',
    '{"variables":{"PIP_INDEX_URL":1}}',
    '{"variables":{"PIP_INDEX_URL":null}}',
    '{"variables":{"PIP_INDEX_URL":"a\\nb"}}',
    '{"variables":{"PIP_INDEX_URL":"a\\u0000b"}}',
    '{"variables":{"PIP_INDEX_URL=":"c"}}',
    '{"variables":{"PIP_INDEX_URL\\n":"c"}}',
    '{"variables":{"npm_config_//x/:_authToken=":"c"}}',
    '{"variables":{"npm_config_//x/:_password":"c"}}',
    '{"variables":{"":"c"}}',
    '{"variables":{"__proto__":"c"}}',
    '{"variables":{},"twine":[1]}',
    '{"variables":{},"twine":null}',
    '{"variables":{},"twine":{"PATH":"/evil"}}',
    '{"variables":{},"failed":{}}',
    '{"variables":{},"failed":null}',
    '{"variables":{},"expiration":null}',
  ].map((body) => ({ name: body, body })),
];
