/** `vouch keys list`, `add` and `rename`. */
import { describe, expect, test } from "bun:test";
import { ended, person, serverUrl } from "../../laptop.ts";
import { expectEnd, expectShown, nextSecond, typePin, keyOwner } from "./key-owner.ts";

const {
  laptop,
  knownServer,
  vouch,
  newCode,
  at,
  plugIn,
  keyOf,
  enrollWith,
  login,
  makeNewKey,
  approve,
  add,
  list,
  start,
  startWithTwo,
} = keyOwner();

describe("vouch keys list", () => {
  test("shows two keys", async () => {
    await startWithTwo();
    const { exitCode, stdout, stderr } = await vouch(laptop.env, "keys", "list");
    const shown = await list();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expectShown(
      stdout,
      "`vouch keys list`",
      shown.map(({ id }) => id),
    );
    expect(Object.keys(shown[0]!)).toEqual([
      "id",
      "name",
      "model",
      "modelAttested",
      "aaguid",
      "product",
      "createdAt",
      "lastUsedAt",
      "transports",
      "backupEligible",
      "backedUp",
      "builtIn",
      "thisSession",
    ]);
    expect(shown).toMatchObject([
      {
        name: "work",
        model: "YubiKey 5 Series with NFC",
        modelAttested: false,
        product: "Software Security Key",
        thisSession: true,
      },
      { name: "drawer", model: "Software Security Key", lastUsedAt: null, thisSession: false },
    ]);
  });

  test("shows one key with the advice to have two", async () => {
    await start();
    const { stdout, stderr } = await vouch(laptop.env, "keys", "list");
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
    expectShown(stderr, "`vouch keys list`, only one key");
  });

  test.each<[string, string[]]>([
    ["list", []],
    ["add", []],
    ["rename", ["a", "b"]],
    ["remove", ["a", "--yes"]],
  ])("vouch keys needs a session: %s", async (command, more) => {
    const args = [command, ...more];
    await laptop.startAgent().catch(() => undefined);
    const { exitCode, stdout, stderr } = await vouch(laptop.env, "keys", ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toStartWith("error: Not logged in");
    expect(stderr).toEndWith("hint: Run `vouch login`.\n");
    await start();
    await vouch(laptop.env, "logout");
    expectShown((await vouch(laptop.env, "keys", ...args)).stderr, "`vouch keys` without a session");
  });
});

describe("vouch keys add", () => {
  test("adds a second key, which then opens a session and is in settings and list", async () => {
    await start();
    await nextSecond();
    const added = await add("drawer", "--name", "drawer");
    expectEnd(added, 0);
    expectShown(added.screen, "`vouch keys add`");
    expectEnd(await login("drawer"), 0);
    const shown = await list();
    expect(shown.map(({ thisSession }) => thisSession)).toEqual([false, true]);
    const { url, user, credentialIds } = knownServer(laptop.env);
    expect({ url, user }).toEqual({ url: serverUrl, user: person.email });
    for (const { id } of shown) expect(credentialIds).toContain(id);
  });

  test("names a key without a name after its model, numbered", async () => {
    expectEnd(await enrollWith("work")(await newCode()), 0);
    expectEnd(await login("work"), 0);
    await nextSecond();
    expectEnd(await add("drawer"), 0);
    expect((await list()).map(({ name }) => name)).toEqual(["YubiKey 5 Series with NFC", "Software Security Key"]);
  });

  test("refuses a key that is enrolled already", async () => {
    await start();
    const refused = await at(laptop.env, "work", ["keys", "add"], (someone) => makeNewKey("work", someone));
    expectEnd(refused, 5);
    expectShown(refused.screen, "`vouch keys add`, the key is enrolled already");
    expect(await list()).toHaveLength(1);
  });

  test("refuses a taken name before the key is asked for", async () => {
    await start();
    const refused = await vouch(laptop.env, "keys", "add", "--name", "work");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expectShown(refused.stderr, "`vouch keys add`, the name is taken");
    expect(await list()).toHaveLength(1);
  });

  test("changes nothing after Ctrl-C before the new key is plugged in", async () => {
    await start();
    const cancelled = await at(laptop.env, "work", ["keys", "add"], async (someone) => {
      await someone.see("press Enter: ");
      someone.type("\x03");
    });
    expectEnd(cancelled, 130);
    expect(cancelled.screen).not.toContain("is not added");
    expect(await list()).toHaveLength(1);
  });

  test("says what the new key is left with after Ctrl-C before the approval, and the next one needs no cleaning", async () => {
    await start();
    const held = () => keyOf("drawer").credentials.all.length;
    const cancelled = await at(laptop.env, "work", ["keys", "add"], async (someone) => {
      await makeNewKey("drawer", someone);
      await someone.see("press Enter: ");
      someone.type("\x03");
    });
    expectEnd(cancelled, 130);
    expectShown(cancelled.screen, "`vouch keys add`, it is not approved");
    expect(await list()).toHaveLength(1);
    expect(held()).toBe(1);
    expectEnd(await add("drawer", "--name", "drawer"), 0);
    expect(held()).toBe(1);
    expectEnd(await login("drawer"), 0);
  });

  test("asks for another key where the new one is still plugged in", async () => {
    await start();
    const added = await at(laptop.env, "work", ["keys", "add", "--name", "drawer"], async (someone) => {
      await makeNewKey("drawer", someone);
      await approve("drawer", someone);
      await approve("work", someone);
    });
    expectEnd(added, 0);
    expectShown(added.screen, "`vouch keys add`, the new key is still plugged in when the enrolled one is asked for");
    expect(await list()).toHaveLength(2);
  });

  test("adds nothing when the session ends in between", async () => {
    await start();
    const late = await at(laptop.env, "work", ["keys", "add"], async (someone) => {
      await makeNewKey("drawer", someone);
      await someone.see("press Enter: ");
      await ended(vouch(laptop.env, "logout"));
      plugIn("work");
      someone.type("\r");
      await typePin(someone);
    });
    expectEnd(late, 4);
    expectEnd(await login("work"), 0);
    expect(await list()).toHaveLength(1);
  });

  test("is not needed with a second code of the same person, which adds a key, too", async () => {
    await start();
    await nextSecond();
    expectEnd(await enrollWith("drawer", "--name", "drawer")(await newCode()), 0);
    expect((await list()).map(({ name }) => name)).toEqual(["work", "drawer"]);
  });
});

test.each(["", "x".repeat(65), "a\nb", "\u001b[2J"])("no key can be named %j", async (name) => {
  for (const args of [
    ["keys", "add", `--name=${name}`],
    ["keys", "rename", "work", name],
    ["enroll", "--server", serverUrl, `--name=${name}`],
  ]) {
    const { exitCode, stdout, stderr } = await vouch(laptop.env, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).not.toContain("\u001b");
    expect(stderr.split("\n").length).toBeLessThanOrEqual(3);
  }
});

test("vouch keys rename finds a key by its name and by the beginning of its id", async () => {
  await start();
  const renamed = await at(laptop.env, "work", ["keys", "rename", "work", "pocket"], typePin);
  expectEnd(renamed, 0);
  expectShown(renamed.screen, "`vouch keys rename`");
  const [{ id } = { id: "" }] = await list();
  const byId = await at(laptop.env, "work", ["keys", "rename", "--", id.slice(0, 12), "Schlüssel 🔑"], typePin);
  expectEnd(byId, 0);
  expect((await list())[0]?.name).toBe("Schlüssel 🔑");
  expect((await vouch(laptop.env, "keys", "list")).stdout).toContain("Schlüssel 🔑  YubiKey 5");
});
