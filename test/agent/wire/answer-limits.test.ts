import { expect, test } from "bun:test";
import { agentTimeoutMs } from "../../../src/cli/key/ceremony.ts";
import {
  answerLimitMs,
  defaultTimeoutMs,
  touchToPublishSeconds,
  turnMs,
} from "../../../src/agent/wire/answer-limits.ts";

test("the limit on an answer is above the sum of the limits on what it is made of", () => {
  expect(answerLimitMs.read).toBeGreaterThan(defaultTimeoutMs);
  const questions = defaultTimeoutMs * 5;
  const touch = touchToPublishSeconds * 1000 + agentTimeoutMs;
  expect(answerLimitMs.publish).toBeGreaterThan(questions + turnMs + touch);
});
