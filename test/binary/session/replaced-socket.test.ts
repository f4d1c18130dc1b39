/**
 * A program of the person's own that stands in the place of the agent's socket, and passes on to the real agent what it
 * likes: it can spend no touch on anything but what the person gave it for.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { cargoGet, ended, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { addPublishRole, publishRole } from "../../sandbox/aws/publish-role.ts";
import { names } from "../../sandbox/main.ts";
import { addKey } from "../../server/person.ts";
import { TestSecurityKey } from "../../server/webauthn/security-key.ts";

let laptop: Laptop;
let place: string;
let real: string;
beforeAll(async () => {
  laptop = await startLaptop({ executable: sandboxExecutable, account: addPublishRole });
  await laptop.getReady("--tool", "cargo", "--publish-role", publishRole.arn);
  place = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock");
  real = join(laptop.folder, "real.sock");
}, 120_000);
afterAll(async () => laptop?.stop());

type Body = ReturnType<typeof JSON.parse>;
type Answer = { status: number; body: Body };
/** What the program answers in the agent's place; undefined passes the question on. */
type Replace = (route: string, body: Body) => Promise<Answer> | undefined;

const headers = { "vouch-protocol": "" };

/** Asks the real agent, as the program. */
async function ask(route: string, body: Body, method = "POST"): Promise<Answer> {
  const response = await fetch(`http://vouch${route}`, {
    unix: real,
    method,
    headers,
    ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Stands in the place of the socket until it is disposed of. */
function stand(replace: Replace): AsyncDisposable {
  renameSync(place, real);
  const server = Bun.serve({
    unix: place,
    async fetch(request) {
      headers["vouch-protocol"] = request.headers.get("vouch-protocol") ?? "";
      const route = new URL(request.url).pathname;
      const text = await request.text();
      const asked: Body = text === "" ? {} : JSON.parse(text);
      const { status, body } = await (replace(route, asked) ?? ask(route, asked, request.method));
      return Response.json(body, { status, headers });
    },
  });
  return {
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      rmSync(place, { force: true });
      renameSync(real, place);
    },
  };
}

interface Theft {
  begin: () => Promise<Answer>;
  finish: (begun: Body, approval: Body) => Promise<Answer>;
}

async function keys(): Promise<{ id: string }[]> {
  return JSON.parse(await ended(laptop.vouch("keys", "list", "--json"))) as { id: string }[];
}

describe("the touch of a login, for the challenge of something else,", () => {
  let enrolled: { id: string }[];
  beforeAll(async () => {
    enrolled = await keys();
  });

  test.each<[string, () => Theft]>([
    [
      "publishes nothing",
      () => ({
        begin: () => ask(routes.publishStart, {}),
        finish: ({ ceremony }, approval) => ask(routes.publishFinish, { ceremony, approval }),
      }),
    ],
    [
      "adds no key",
      () => ({
        begin: () => ask(routes.keyAddStart, {}),
        finish: ({ ceremony, options }, approval) => {
          const credential = new TestSecurityKey().register(options, `https://${names.vouchHost}`, {}, addKey);
          return ask(routes.keyAddFinish, { ceremony, approval, credential });
        },
      }),
    ],
    [
      "removes no key",
      () => ({
        begin: () => ask(routes.keyRemoveStart, { id: enrolled[0]!.id, force: true }),
        finish: ({ ceremony }, approval) => ask(routes.keyRemoveFinish, { ceremony, approval }),
      }),
    ],
  ])("%s", async (_deed, theft) => {
    const { begin, finish } = theft();
    let begun: Body;
    let got: Answer | undefined;
    {
      await using _ = stand((route, body) => {
        if (route === routes.loginStart) {
          return begin().then(({ status, body: answer }) => {
            begun = answer;
            return { status, body: { ceremony: answer.ceremony, options: answer.approval, server: answer.server } };
          });
        }
        if (route !== routes.loginFinish) return undefined;
        return finish(begun, body.credential).then((answer) => (got = answer));
      });
      const { exitCode } = await laptop.atTerminal(["login"], async ({ see, type }) => {
        await see("PIN");
        type(`${person.pin}\r`);
      });
      expect(exitCode).not.toBe(0);
    }
    expect(got?.status).toBe(403);
    expect(JSON.stringify(got?.body)).toContain("it answers another challenge, or was given for something else");
    expect((await keys()).map(({ id }) => id)).toEqual(enrolled.map(({ id }) => id));
  });
});

test("the touch for one package manager lets no other process publish, though that one stands between", async () => {
  const request = cargoGet().replace('"read"', '"publish","name":"my-crate","vers":"1.0.0","cksum":""');
  const cargo = ["sh", "-c", '"$0" --cargo-plugin; exit $?', sandboxExecutable];
  const publish = async () => {
    const { stdout } = await laptop.runOnTerminal(cargo, { stdin: request });
    return JSON.parse(stdout.trim().split("\n")[1]!) as object;
  };
  {
    await using _ = stand(() => undefined);
    expect(await publish()).toMatchObject({
      Err: { message: expect.stringContaining("it answers another challenge, or was given for something else") },
    });
    const { body } = await ask(routes.tokens, { format: "cargo", purpose: "publish" });
    expect(JSON.stringify(body)).toContain("needs a touch of your security key");
  }
  expect(await publish()).toMatchObject({ Ok: { kind: "get" } });
});
