/** `vouch keys clean` with the compiled executable on a terminal, as docs/security-keys.md shows it. */
import { describe, expect, test } from "bun:test";
import { person as owner, serverUrl } from "../../laptop.ts";
import type { Person } from "../../pty.ts";
import { keyInPort } from "./key-in-port.ts";
import { expectEnd, expectShown, keyOwner, typePin } from "./key-owner.ts";
import { atDesk, desk, expectState, typePin as typeDeskPin } from "./key-states.ts";
const { laptop, knownServer, vouch, at, keyOf, list, start } = keyOwner();
const rpId = new URL(serverUrl).hostname;
const idOf = ({ id }: { id: Uint8Array }) => Buffer.from(id).toString("base64url");

/** Puts a credential of the server on the key "work" that the server does not know; gives its id. */
function putOld(name: string = owner.email): string {
  return idOf(keyOf("work").credentials.create(rpId, { id: Buffer.from(name), name, displayName: name }, true, 2));
}

const onKey = () => keyOf("work").credentials.all.map(idOf);

/** `vouch keys clean` with the PIN typed. */
const clean = (script: (person: Person) => Promise<void>, ...flags: string[]) =>
  at(laptop.env, "work", ["keys", "clean", ...flags], async (someone) => {
    await typePin(someone);
    await script(someone);
  });

const choose = async ({ see, type }: Person, numbers: string): Promise<void> => {
  await see("Enter deletes none: ");
  type(`${numbers}\r`);
};

const answer = async ({ see, type }: Person, word: string): Promise<void> => {
  await see("[y/N] ");
  type(`${word}\r`);
};

const nothingTyped = (): Promise<void> => Promise.resolve();

describe("vouch keys clean", () => {
  test("lists what is on the key, and deletes the chosen one after a question", async () => {
    await start();
    const [enrolled] = onKey();
    const old = putOld();
    const run = await clean(async (someone) => {
      await choose(someone, "1");
      await answer(someone, "y");
    });
    expectEnd(run, 0);
    expectShown(run.screen, "`vouch keys clean`", [old, enrolled!]);
    expect(onKey()).toEqual([enrolled!]);
    expect(await list()).toHaveLength(1);
  });

  test("deletes nothing for Enter, for another answer than yes, and after Ctrl-C", async () => {
    await start();
    putOld();
    expectEnd(await clean((someone) => choose(someone, "")), 0);
    const refused = await clean(async (someone) => {
      await choose(someone, "7");
      await choose(someone, "1");
      await answer(someone, "");
    });
    expectEnd(refused, 130);
    expectEnd(
      await clean(async ({ see, type }) => {
        await see("Enter deletes none: ");
        type("\x03");
      }),
      130,
    );
    expect(onKey()).toHaveLength(2);
  });

  test("keeps one that is still enrolled, unless --yes says otherwise", async () => {
    await start();
    const [enrolled] = onKey();
    const kept = await clean((someone) => choose(someone, "1"));
    expectEnd(kept, 2);
    expectShown(kept.screen, "`vouch keys clean`, one that is still enrolled", [enrolled!]);
    expect(onKey()).toEqual([enrolled!]);
    expect(knownServer(laptop.env).credentialIds).toContain(enrolled);
    const deleted = await clean(nothingTyped, "--delete", enrolled!.slice(0, 8), "--yes");
    expectEnd(deleted, 0);
    expectShown(deleted.screen, "`vouch keys clean --yes`, one that is still enrolled", [enrolled!]);
    expect(onKey()).toEqual([]);
    expect(knownServer(laptop.env).credentialIds).not.toContain(enrolled);
  });

  test("says where it cannot know whether one is still enrolled", async () => {
    await start();
    const [enrolled] = onKey();
    await vouch(laptop.env, "logout");
    const run = await clean(async (someone) => {
      await choose(someone, "1");
      await answer(someone, "n");
    });
    expectEnd(run, 130);
    expectShown(run.screen, "`vouch keys clean` without a session", [enrolled!]);
    expect(onKey()).toEqual([enrolled!]);
  });

  test("finds none, and asks for none of another service", async () => {
    await start();
    keyOf("work").credentials.clear();
    keyOf("work").credentials.create("other.example", { id: Uint8Array.of(1), name: "x", displayName: "x" }, true, 2);
    const run = await clean(nothingTyped);
    expectEnd(run, 0);
    expect(run.screen).toContain(`holds no credential of ${serverUrl}.`);
    const elsewhere = await clean(nothingTyped, "--server", "https://old.example.com");
    expectEnd(elsewhere, 0);
    expect(elsewhere.screen).toContain("holds no credential of https://old.example.com.");
  });

  test("is read by a program from JSON, which deletes nothing", async () => {
    await start();
    const [enrolled] = onKey();
    const old = putOld("ops@example.com");
    const run = await clean(nothingTyped, "--json");
    expectEnd(run, 0);
    expect(JSON.parse(run.screen.slice(run.screen.indexOf("[")))).toMatchObject([
      { id: old, server: serverUrl, rpId, user: { name: "ops@example.com" }, enrolled: null, name: null },
      { id: enrolled!, enrolled: true, name: "work" },
    ]);
    expect(onKey()).toHaveLength(2);
  });

  test.each([
    [["--delete", "zzzzzzzz"], 1, 'error: The key holds no credential of Vouch whose id begins with "zzzzzzzz".'],
    [["--delete", "x"], 1, 'error: The key holds no credential of Vouch whose id begins with "x".'],
  ])("deletes nothing for %j", async (flags, exitCode, error) => {
    await start();
    const run = await clean(nothingTyped, ...flags);
    expectEnd(run, exitCode);
    expect(run.screen).toContain(error);
    expect(onKey()).toHaveLength(1);
  });

  test("names of the key are shown without their control characters", async () => {
    await start();
    putOld("\u001b[2Jdev\nerror: x");
    const run = await clean((someone) => choose(someone, ""));
    expectEnd(run, 0);
    expect(run.screen).not.toContain("\u001b");
    expect(run.screen).not.toContain("\nerror: x");
  });
});

describe("vouch keys clean without a session or a server", () => {
  const pin = owner.pin;

  test("wants to know the server", async () => {
    await using port = await keyInPort({ pin });
    const run = await port.run(["keys", "clean"]);
    expectState(run, "`vouch keys clean`, this machine knows no server");
    expect(run.exitCode).toBe(1);
  });

  test("says that a key cannot list its credentials, before it asks for a PIN", async () => {
    await using port = await keyInPort({ pin, ctap: "2.0", protocols: [1] });
    const run = await port.run(["keys", "clean", "--server", serverUrl]);
    expectState(run, "`vouch keys clean`, the key cannot list its credentials");
    expect(run.exitCode).toBe(3);
  });

  test("changes no PIN that the key wants to be changed", async () => {
    await using port = await keyInPort({ pin, forcePINChange: true });
    const run = await port.run(["keys", "clean", "--server", serverUrl]);
    expectState(run, "`vouch keys clean`, the key demands a new PIN");
    expect(run.exitCode).toBe(5);
    expect(port.key.ctap2.pin.forcePINChange).toBe(true);
  });

  test("finds none on a key without a PIN, and sets none", async () => {
    await using port = await keyInPort();
    const run = await port.run(["keys", "clean", "--server", serverUrl]);
    expectState(run, "`vouch keys clean`, there is none");
    expect(run.exitCode).toBe(0);
    expect(port.key.ctap2.pin.isSet).toBe(false);
  });

  test("works with the prototype of the command on older keys", async () => {
    await using port = await keyInPort({ pin, ctap: "2.1-pre", protocols: [1] });
    const user = { id: Uint8Array.of(1), name: "dev@example.com", displayName: undefined };
    const id = idOf(port.key.ctap2.credentials.create(rpId, user, true, 1));
    const run = await port.run(["keys", "clean", "--server", serverUrl, "--delete", id, "--yes"], typePin);
    expectEnd(run, 0);
    expect(port.key.ctap2.credentials.all).toHaveLength(0);
  });
});

atDesk("an enrolment of a full key", () => {
  const old = { id: Uint8Array.of(1), name: "old@example.com", displayName: "Old" };

  test("offers to delete an old credential of the server, and stores the new one in its place", async () => {
    await using plugged = await desk.plugIn({ capacity: 1 });
    const { credentials } = plugged.key.ctap2;
    const before = idOf(credentials.create("localhost", old, true, 2));
    const run = await plugged.enroll(async (person) => {
      await typeDeskPin(person);
      await choose(person, "1");
    });
    const screen = run.screen.replaceAll(before.slice(0, 8), "x7Gh2KpQ").replace("none: 1", "none:");
    expectState({ ...run, screen }, "The key has no room, and an old credential of the server is on it");
    expect(run.exitCode).toBe(0);
    expect(credentials.allDiscoverable().map(({ user }) => user.name)).toEqual(["dev@example.com"]);
    expect((await plugged.login(typeDeskPin)).exitCode).toBe(0);
  });

  test("goes on without room when none is to be deleted", async () => {
    await using plugged = await desk.plugIn({ capacity: 1 });
    plugged.key.ctap2.credentials.create("localhost", old, true, 2);
    const run = await plugged.enroll(async (person) => {
      await typeDeskPin(person);
      await choose(person, "");
    });
    expect(run.screen).toContain("has no room for another credential: this credential works only on machines");
    expect(run.exitCode).toBe(0);
    expect(plugged.key.ctap2.credentials.allDiscoverable().map(({ user }) => user.name)).toEqual(["old@example.com"]);
  });
});
