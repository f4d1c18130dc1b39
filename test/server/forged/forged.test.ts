/** The table of forged and broken inputs: none is granted, none makes the server fail, and each is told why. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { assertions } from "./assertions.ts";
import { exchanges } from "./exchange.ts";
import { proofs } from "./proofs.ts";
import { registrations } from "./registrations.ts";
import { requests } from "./requests.ts";
import { type Stage, startStage } from "./stage.ts";

const tables = { proofs, exchanges, requests, assertions, registrations };
let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

test("the table has at least 250 inputs, each once", () => {
  const all = Object.entries(tables).flatMap(([name, table]) => table.map(([what]) => `${name}: ${what}`));
  expect(all.length).toBeGreaterThanOrEqual(250);
  expect(new Set(all).size).toBe(all.length);
});

describe.each(Object.entries(tables))("%s", (_, table) => {
  test.each(table)("%s", async (_what, send, status, error, reason) => {
    const answer = await send(stage);
    const got = answer.body?.error?.code === undefined ? answer.body : answer.body.error;
    expect({ status: answer.status, error: got?.code ?? got?.error }).toEqual({ status, error });
    expect(got?.message ?? got?.error_description).toContain(reason);
  });
});

test("after all of them the session and its key are as good as before", async () => {
  const { server, session } = stage;
  expect((await server.exchange(session.accessToken, session.dpop)).status).toBe(200);
  expect((await server.login(session.key, session.dpop)).status).toBe(200);
});
