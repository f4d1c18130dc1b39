/** A touch lets one process publish, for fifteen minutes, to what the person was told, and nobody else. */
import { describe, expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { type Route, routes } from "../../src/agent/protocol.ts";
import type { PublishStartRequest } from "../../src/agent/requests.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import { rejection } from "../rejection.ts";
import { inProcessNamespace, requires, requiresProcessNamespace } from "../requires.ts";
import { AgentHarness, cargoUrl, repository } from "./harness.ts";
import { apiFailure, roleArn } from "./upstream.ts";

const publisher = "arn:aws:iam::123456789012:role/publisher";
const withPublisher = { ...repository, publishRoleArn: publisher };
const otherUrl = "https://other-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/their-repo/";
const other = {
  ...withPublisher,
  domain: "other",
  repository: "their-repo",
  endpoints: { cargo: otherUrl },
};
const program = join(import.meta.dir, "programs/ask.ts");

/** An agent with a session and a repository with a role for publishing, nothing fetched ahead. */
async function started(): Promise<AgentHarness> {
  const harness = new AgentHarness([]);
  await harness.login();
  harness.configure({ repositories: [other, withPublisher] });
  return harness;
}

const publishToken = (url = cargoUrl) => askAgent(routes.token, { url, purpose: "publish" });
const cargo = (operation = "publish") =>
  askAgent(routes.cargo, { v: 1, kind: "get", registry: { "index-url": `sparse+${cargoUrl}` }, operation });
const start = (request: PublishStartRequest = { url: cargoUrl }) => askAgent(routes.publishStart, request);
const finish = (ceremony: string) => askAgent(routes.publishFinish, { ceremony, approval: { id: "AA" } });

/** What a child process of this one is answered, or with `below` a child of it. */
async function fromChild(route: Route, body: object, ...below: string[]): Promise<Record<string, unknown>> {
  const child = Bun.spawn([process.execPath, program, route, JSON.stringify(body), ...below], { env: process.env });
  return JSON.parse(await child.stdout.text()) as Record<string, unknown>;
}

/** Another process, with `detached` in a session of its own, that has asked for a touch and waits; it asks again for each line, and says how that went. */
async function asking(detached = false) {
  const client = JSON.stringify(join(import.meta.dir, "../../src/agent/wire/client.ts"));
  const text = `const { askAgent } = await import(${client});
    const ask = () => askAgent("${routes.publishStart}", {}).then(() => "begun", ({ code }) => code);
    console.log(await ask());
    for await (const _ of console) console.log(await ask());`;
  const child = Bun.spawn([process.execPath, "-e", text], {
    detached,
    env: process.env,
    stdin: "pipe",
    stdout: "pipe",
  });
  onTestFinished(() => child.kill("SIGKILL"));
  lines.set(child, child.stdout.pipeThrough(new TextDecoderStream()).getReader());
  expect(await nextLine(child)).toBe("begun");
  return child;
}

const lines = new WeakMap<object, { read(): Promise<{ value?: string | undefined }> }>();

async function nextLine(child: object): Promise<string | undefined> {
  return (await lines.get(child)?.read())?.value?.trim();
}

describe("without a touch", () => {
  test.each<[string, () => Promise<unknown>]>([
    ["a token", publishToken],
    ["Cargo's publish", async () => cargo("publish")],
    ["Cargo's yank", async () => cargo("yank")],
    ["all tokens of a format", async () => askAgent(routes.tokens, { format: "npm", purpose: "publish" })],
    ["the environment", async () => askAgent(routes.environment, { purpose: "publish" })],
  ])("%s for publishing is refused in words", async (_, ask) => {
    await using harness = await started();
    expect(await rejection(ask())).toMatchObject({
      code: "touch_needed",
      message: expect.stringContaining("needs a touch of your security key"),
    });
    expect(harness.upstream.counts.token).toBe(0);
  });

  test("everything reads as ever, and a repository without such a role publishes as ever", async () => {
    await using harness = await started();
    expect((await harness.token()).token).toStartWith("my-domain-token");
    harness.configure({ repositories: [repository] });
    expect((await publishToken()).token).toStartWith("my-domain-token");
    expect(await cargo()).toMatchObject({ Ok: { kind: "get" } });
  });
});

describe("a touch", () => {
  test("gives the token of the publish role, by an ID token that the server gave for it", async () => {
    await using harness = await started();
    await harness.token();
    const { expiration } = await harness.touch({ url: cargoUrl });
    expect(expiration).toBeLessThanOrEqual(harness.clock.now() / 1000 + 900);
    const [published, read] = [await publishToken(), await harness.token()];
    expect(published.token).not.toBe(read.token);
    expect(published.expiration).toBeLessThanOrEqual(harness.clock.now() / 1000 + 900);
    expect(harness.upstream.identities).toEqual([
      { roleArn, idToken: "header.payload.id-token-secret" },
      { roleArn: publisher, idToken: "header.payload.publish-token-secret" },
    ]);
    expect(harness.upstream.durations).toMatchObject({
      sts: [expect.any(Number), 900],
      token: [expect.any(Number), 900],
    });
  });

  test("says who asks for what, in the words of the asker made harmless", async () => {
    await using harness = await started();
    const claim = { operation: "publish", name: "my-crate\u001b[2J", version: "0.2.0" };
    const { asks } = await start({ url: cargoUrl, claim });
    expect(asks).toMatch(/^\S+ asks to publish my-crate.*0\.2\.0 to my-domain\/my-repo\.$/);
    expect(asks).not.toContain("\u001b");
    expect(harness.logged.join("\n")).not.toContain("my-crate");
  });

  test("names the command that runs, where the asker's own name does not say it", async () => {
    await using harness = await started();
    const { asks } = await start({ url: cargoUrl, command: "yarn npm publish\u001b[2J" });
    expect(asks).toMatch(/^yarn npm publish\ufffd\[2J \(\S+\) asks to publish to my-domain\/my-repo\.$/);
    const long = { url: cargoUrl, command: "a".repeat(121) };
    expect((await rejection(start(long))).code).toBe("protocol_error");
    expect(harness.logged.join("\n")).not.toContain("yarn");
  });

  test("is for the repositories that were said, and no other", async () => {
    await using harness = await started();
    await harness.touch({ url: cargoUrl });
    expect((await rejection(publishToken(otherUrl))).code).toBe("touch_needed");
    await harness.touch({ format: "cargo" });
    expect((await publishToken(otherUrl)).token).toStartWith("other-token");
  });

  test("is good for many asks of one process, and for fifteen minutes", async () => {
    await using harness = await started();
    await harness.touch({ url: cargoUrl, holder: "parent" });
    for (let crate = 0; crate < 20; crate++) expect(await cargo()).toMatchObject({ Ok: { cache: "never" } });
    expect(harness.upstream.counts.publish).toBe(1);
    // The token that a touch gives ends then, and is not given out in its last moments.
    harness.clock.pass(10 * 60);
    expect(await cargo()).toMatchObject({ Ok: { cache: "never" } });
    harness.clock.pass(5 * 60);
    expect((await rejection(cargo())).code).toBe("touch_needed");
  });

  test("ends with the session", async () => {
    await using harness = await started();
    await harness.touch({ url: cargoUrl });
    await publishToken();
    await askAgent(routes.logout);
    expect((await rejection(publishToken())).code).toBe("login_needed");
    await harness.login();
    expect((await rejection(publishToken())).code).toBe("touch_needed");
  });

  test("that the server refuses gives nothing", async () => {
    await using harness = await started();
    harness.upstream.answer("publish", () => apiFailure(403, "login_denied", "The user was not present."));
    expect((await rejection(harness.touch())).code).toBe("login_denied");
    expect((await rejection(publishToken())).code).toBe("touch_needed");
    expect(harness.upstream.identities).toEqual([]);
  });

  test("whose role is refused says so, and gives nothing", async () => {
    await using harness = await started();
    harness.upstream.answer(
      "sts",
      () => new Response("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", { status: 403 }),
    );
    expect((await rejection(harness.touch())).code).toBe("access_denied");
    expect((await rejection(publishToken())).code).toBe("touch_needed");
  });
});

describe("a touch belongs to one process:", () => {
  const asked = { url: cargoUrl, purpose: "publish" };

  test("what a shim has become publishes, what it starts does not, whichever way it asks", async () => {
    await using harness = await started();
    await harness.touch({ url: cargoUrl });
    expect(await publishToken()).toHaveProperty("token");
    const cargoAsks = { v: 1, kind: "get", registry: { "index-url": cargoUrl }, operation: "publish" };
    for (const body of [asked, { ...asked, holder: "parent" }, { ...asked, holder: "self" }]) {
      expect(await fromChild(routes.token, body)).toEqual({ code: "touch_needed" });
    }
    expect(await fromChild(routes.cargo, cargoAsks)).toEqual({ code: "touch_needed" });
    expect(await fromChild(routes.environment, { purpose: "publish" })).toEqual({ code: "touch_needed" });
  });

  test("the helpers of a package manager publish for it, those of what it starts do not", async () => {
    await using harness = await started();
    const touch = { url: cargoUrl, holder: "parent" };
    const body = { ...asked, holder: "parent" };
    expect(await fromChild(routes.publishStart, touch, "below")).toHaveProperty("expiration");
    expect(await fromChild(routes.token, body)).toEqual({ code: "touch_needed" });
    expect(await fromChild(routes.publishStart, touch)).toHaveProperty("expiration");
    expect(await fromChild(routes.token, body)).toHaveProperty("token");
    expect(await fromChild(routes.token, body, "below")).toEqual({ code: "touch_needed" });
    expect(await fromChild(routes.token, asked)).toEqual({ code: "touch_needed" });
    expect(harness.upstream.counts.publish).toBe(2);
  });

  test("and none that was there before the package manager's helper began: a shell may have left one behind", async () => {
    await using harness = await started();
    const text = `const { askAgent } = await import(${JSON.stringify(join(import.meta.dir, "../../src/agent/wire/client.ts"))});
      console.log("ready");
      for await (const _ of console) {
        console.log(await askAgent("${routes.token}", ${JSON.stringify({ ...asked, holder: "parent" })}).then(() => "a token", ({ code }) => code));
      }`;
    const older = Bun.spawn([process.execPath, "-e", text], { env: process.env, stdin: "pipe", stdout: "pipe" });
    onTestFinished(() => older.kill("SIGKILL"));
    lines.set(older, older.stdout.pipeThrough(new TextDecoderStream()).getReader());
    expect(await nextLine(older)).toBe("ready");
    expect(await fromChild(routes.publishStart, { url: cargoUrl, holder: "parent" })).toHaveProperty("expiration");
    expect(await fromChild(routes.token, { ...asked, holder: "parent" })).toHaveProperty("token");
    void older.stdin.write("ask\n");
    expect(await nextLine(older)).toBe("touch_needed");
    expect(harness.upstream.counts.publish).toBe(1);
  });

  test("and who asked must still be there when it comes", async () => {
    await using harness = await started();
    const text = `const { askAgent } = await import("${join(import.meta.dir, "../../src/agent/wire/client.ts")}");
      console.log((await askAgent("${routes.publishStart}", {})).ceremony);`;
    const child = Bun.spawn([process.execPath, "-e", text], { env: process.env });
    const ceremony = (await child.stdout.text()).trim();
    await child.exited;
    expect((await rejection(finish(ceremony))).code).toBe("touch_timeout");
    expect(harness.upstream.counts.publish).toBe(0);
  });
});

describe("one request at a time waits for a touch", () => {
  test("and the second is told who waits", async () => {
    await using harness = await started();
    const { ceremony, asks } = await start();
    const error = await rejection(start());
    expect(error).toMatchObject({ code: "touch_pending", message: expect.stringContaining(asks) });
    await finish(ceremony);
    expect((await start()).ceremony).not.toBe(ceremony);
    expect(harness.upstream.counts.publishOptions).toBe(2);
  });

  test("and is told which process holds it, below which, and for how long", async () => {
    await using harness = await started();
    await start();
    harness.clock.pass(12);
    const { message, hint } = await rejection(start());
    expect(message).toContain(`(process ${process.pid}), below `);
    expect(message).toContain(`(${process.ppid})`);
    expect(message).toContain("Asked 12 seconds ago");
    expect(message).toContain("it ends in 48 seconds at the latest");
    expect(hint).toContain(`kill ${process.pid}`);
  });

  test("and ends with the process that has asked, so that the next one has its turn", async () => {
    await using harness = await started();
    const idle = await asking();
    expect((await rejection(start())).message).toContain(`(process ${idle.pid})`);
    idle.kill("SIGKILL");
    await idle.exited;
    await finish((await start()).ceremony);
    expect(harness.upstream.counts.publish).toBe(1);
  });

  test("and a program that asks again and again stands behind whoever came meanwhile", async () => {
    await using harness = await started();
    const busy = await asking(true);
    expect((await rejection(start())).code).toBe("touch_pending");
    harness.clock.pass(58);
    expect((await rejection(start())).code).toBe("touch_pending");
    harness.clock.pass(2);
    // Its minute is over: now the one that has waited comes first.
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("touch_pending");
    const { ceremony } = await start();
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("touch_pending");
    await finish(ceremony);
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("begun");
  });

  test("and what it asked during its own turn gives it no place before them", async () => {
    await using harness = await started();
    const busy = await asking(true);
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("touch_pending");
    expect((await rejection(start())).code).toBe("touch_pending");
    harness.clock.pass(58);
    expect((await rejection(start())).code).toBe("touch_pending");
    harness.clock.pass(2);
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("touch_pending");
    await finish((await start()).ceremony);
  });

  test("and who waits no more holds nobody up", async () => {
    await using harness = await started();
    const busy = await asking(true);
    await rejection(start());
    harness.clock.pass(60);
    void busy.stdin.write("again\n");
    expect(await nextLine(busy)).toBe("begun");
  });

  test("also while the server is being asked", async () => {
    await using harness = await started();
    const held = harness.upstream.hold("publishOptions");
    const first = start();
    await held.arrived;
    expect((await rejection(start())).code).toBe("touch_pending");
    held.release();
    await finish((await first).ceremony);
  });

  test.each<[string, (harness: AgentHarness, ceremony: string) => unknown]>([
    ["is cancelled", (_, ceremony) => askAgent(routes.publishCancel, { ceremony })],
    ["has waited for a minute", (harness) => harness.clock.pass(60)],
  ])("until it %s", async (_, end) => {
    await using harness = await started();
    const { ceremony } = await start();
    await end(harness, ceremony);
    expect((await rejection(finish(ceremony))).code).toBe("touch_timeout");
    await finish((await start()).ceremony);
    expect(harness.upstream.counts.publish).toBe(1);
  });

  test("and one answer finishes it", async () => {
    await using harness = await started();
    const { ceremony } = await start();
    expect((await rejection(finish("another"))).code).toBe("touch_timeout");
    await finish(ceremony);
    expect((await rejection(finish(ceremony))).code).toBe("touch_timeout");
    expect(harness.upstream.counts.publish).toBe(1);
  });
});

test("the credentials of the role that publishes are given to nobody, with a touch or without", async () => {
  await using harness = await started();
  expect((await rejection(askAgent(routes.roleCredentials, { roleArn: publisher }))).code).toBe("touch_needed");
  await harness.touch();
  expect((await rejection(askAgent(routes.roleCredentials, { roleArn: publisher }))).code).toBe("touch_needed");
  expect(await askAgent(routes.roleCredentials, {})).toHaveProperty("accessKeyId");
});

test("nothing is asked for where no repository has a role for publishing", async () => {
  await using harness = await started();
  harness.configure({ repositories: [repository] });
  expect((await rejection(start())).code).toBe("not_configured");
  expect(harness.upstream.counts.publishOptions).toBe(0);
});

const canNest = process.platform === "linux" && requires("python3") && requiresProcessNamespace();

test.skipIf(!canNest)(
  "a connection of a process that has ended gets nothing of the one that has its id now",
  async () => {
    const child = Bun.spawn(
      [...inProcessNamespace, process.execPath, join(import.meta.dir, "programs/reused-pid.ts")],
      {
        stdout: "pipe",
      },
    );
    expect(JSON.parse(await child.stdout.text())).toMatchObject({
      reused: true,
      own: "given",
      publish: { error: { code: "touch_needed" } },
      // What any program of the user may read.
      read: { token: expect.any(String) },
    });
  },
);
