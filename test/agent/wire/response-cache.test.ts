import { expect, test } from "bun:test";
import { RememberedAnswers } from "../../../src/agent/wire/response-cache.ts";
import { ManualClock } from "../manual-clock.ts";

const settings = { version: 1 as const, repositories: [] };
const answer = new Uint8Array([1]);

function remembered() {
  const clock = new ManualClock();
  return { clock, answers: new RememberedAnswers(settings, clock), expiration: clock.now() / 1000 + 3600 };
}

test("the same question gets the cached answer until ten minutes before that ends", () => {
  const { clock, answers, expiration } = remembered();
  answers.keep(Buffer.from("a"), answer, expiration);
  expect(answers.recall(Buffer.from("a"))?.answer).toBe(answer);
  expect(answers.recall(Buffer.from("b"))).toBeUndefined();
  clock.pass(3600 - 601);
  expect(answers.recall(Buffer.from("a"))?.answer).toBe(answer);
  clock.pass(1);
  expect(answers.recall(Buffer.from("a"))).toBeUndefined();
});

test("the cache holds 256 answers at most, and the 257th empties it", () => {
  const { answers, expiration } = remembered();
  const question = (number: number) => Buffer.from(`question ${number}`);
  for (let number = 1; number <= 256; number++) answers.keep(question(number), answer, expiration);
  for (const number of [1, 128, 256]) expect(answers.recall(question(number))?.answer).toBe(answer);
  answers.keep(question(257), answer, expiration);
  expect(answers.recall(question(257))?.answer).toBe(answer);
  for (let number = 1; number <= 256; number++) expect(answers.recall(question(number))).toBeUndefined();
});

test("the cache takes questions up to 4096 bytes", () => {
  const { answers, expiration } = remembered();
  for (const [length, expected] of [
    [4096, answer],
    [4097, undefined],
    [1 << 20, undefined],
  ] as const) {
    answers.keep(Buffer.alloc(length, "x"), answer, expiration);
    expect(answers.recall(Buffer.alloc(length, "x"))?.answer).toBe(expected);
  }
});

test("an answer that lacks a token for one second, also when the wall clock is set back", () => {
  const { clock, answers } = remembered();
  answers.keep(Buffer.from("a"), answer, "brief");
  clock.pass(0.999);
  expect(answers.recall(Buffer.from("a"))?.answer).toBe(answer);
  clock.wallMs -= 3_600_000;
  clock.pass(0.001);
  expect(answers.recall(Buffer.from("a"))).toBeUndefined();
});

test("what was asked is kept beside the answer", () => {
  const { answers, expiration } = remembered();
  answers.keep(Buffer.from("a"), answer, expiration, { operation: "token" });
  expect(answers.recall(Buffer.from("a"))?.question).toEqual({ operation: "token" });
});
