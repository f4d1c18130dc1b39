/**
 * A program of the person's own that stands in the place of the agent's socket, and passes on to the real agent what it
 * likes: it can spend no touch on anything but what the person gave it for.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { cargoGet, ended, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import { addPublishRole, publishRole } from "../../sandbox/aws/publish-role.ts";
import { names } from "../../sandbox/main.ts";
import { addKey } from "../../server/person.ts";
import { startAuthenticator } from "../../authenticator/start.ts";
import { TestSecurityKey } from "../../server/webauthn/security-key.ts";

let laptop: Laptop;
let place: string;
let real: string;
beforeAll(async () => {
  laptop = await startLaptop({ executable: sandboxExecutable, account: addPublishRole });
  await laptop.getReady("--tool", "cargo", "--publish-role", publishRole.arn);
  place = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock");
  real = join(laptop.folder, "real.sock");
});
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

interface Listed {
  id: string;
  name: string;
}

async function keys(): Promise<Listed[]> {
  return JSON.parse(await ended(laptop.vouch("keys", "list", "--json"))) as Listed[];
}

const origin = `https://${names.vouchHost}`;

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
          const credential = new TestSecurityKey().register(options, origin, {}, addKey);
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

describe("what is touched for the person's own change of their keys", () => {
  let before: Listed[];
  let got: Answer | undefined;
  beforeEach(async () => {
    before = await keys();
    got = undefined;
  });

  const refused = () => {
    expect(got?.status).toBe(403);
    expect(JSON.stringify(got?.body)).toContain("it answers another challenge, or was given for something else");
  };

  /** Adds a new key, whose place on the USB port the enrolled one takes for the approval. */
  async function addNewKey(): Promise<number | undefined> {
    const socketPath = join(laptop.folder, "new.sock");
    const newKey = await startAuthenticator({ socketPath, pin: person.pin });
    const port = join(laptop.folder, "port");
    try {
      const env = { ...laptop.env, VOUCH_SANDBOX_KEY: port };
      const command = [sandboxExecutable, "keys", "add", "--name", "new"];
      const { exitCode } = await runInTerminal(command, { cwd: laptop.cwd, env }, async ({ see, type }) => {
        for (const socket of [socketPath, laptop.env["VOUCH_SANDBOX_KEY"]!]) {
          await see("press Enter: ");
          rmSync(port, { force: true });
          symlinkSync(socket, port);
          type("\r");
          await see("PIN");
          type(`${person.pin}\r`);
        }
      });
      return exitCode;
    } finally {
      await newKey.stop();
    }
  }

  test("adds no key of the program's, though that is registered for the same challenge, and adds the person's own", async () => {
    {
      let options: Body;
      await using _ = stand((route, body) => {
        if (route === routes.keyAddStart) {
          return ask(route, body).then((answer) => {
            ({ options } = answer.body);
            return answer;
          });
        }
        if (route !== routes.keyAddFinish) return undefined;
        const credential = new TestSecurityKey().register(options, origin, {}, addKey);
        return ask(route, { ...body, credential }).then((answer) => (got = answer));
      });
      expect(await addNewKey()).not.toBe(0);
    }
    refused();
    expect(await keys()).toEqual(before);
    expect(await addNewKey()).toBe(0);
    const after = await keys();
    expect(after.map(({ name }) => name)).toEqual([...before.map(({ name }) => name), "new"]);
  });

  test.each([
    ["removes", ["remove", "new", "--yes"], routes.keyRemoveFinish],
    ["renames", ["rename", "new", "old"], routes.keyRenameFinish],
  ] as const)("%s no key that the program shows under another's name", async (_does, words, finish) => {
    {
      await using _ = stand((route, body) => {
        if (route === routes.keys) {
          return ask(route, body).then(({ status, body: { keys: shown } }) => {
            const swapped = shown.map((key: Listed, index: number) => ({ ...key, name: shown.at(-1 - index).name }));
            return { status, body: { keys: swapped } };
          });
        }
        return route === finish ? ask(route, body).then((answer) => (got = answer)) : undefined;
      });
      const { exitCode } = await laptop.atTerminal(["keys", ...words], async ({ see, type }) => {
        await see("PIN");
        type(`${person.pin}\r`);
      });
      expect(exitCode).not.toBe(0);
    }
    refused();
    expect(await keys()).toMatchObject(before.map(({ id, name }) => ({ id, name })));
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
