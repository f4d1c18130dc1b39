/** `vouch keys remove`, a disabled account, and a second laptop. */
import { describe, expect, test } from "bun:test";
import { person, sandboxExecutable, serverUrl } from "../../laptop.ts";
import { expectEnd, expectShown, nextSecond, keyOwner, settingsOf, type Shown, typePin } from "./key-owner.ts";
import { requires } from "../../requires.ts";

const {
  laptop,
  anotherLaptop,
  knownServer,
  vouch,
  newCode,
  administer,
  at,
  enrollWith,
  login,
  makeNewKey,
  approve,
  remove,
  list,
  start,
  startWithTwo,
} = keyOwner();

describe("vouch login", () => {
  test("leaves nothing to do for somebody who is disabled but to ask", async () => {
    await start();
    await administer("disable");
    const refused = await login("work");
    await administer("enable");
    expectEnd(refused, 5);
    expectShown(refused.screen, "`vouch login`, the account is disabled");
  });
});

describe("vouch keys remove", () => {
  test("asks first, and Enter alone means no", async () => {
    await startWithTwo();
    const [work, drawer] = (await list()) as [Shown, Shown];
    const kept = await remove("drawer", "");
    expectEnd(kept, 130);
    expectShown(kept.screen, "`vouch keys remove`, the answer is no");
    expect(await list()).toHaveLength(2);
    const removed = await remove("drawer", "y");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove`");
    expect((await list()).map(({ name }) => name)).toEqual(["work"]);
    const { credentialIds } = knownServer(laptop.env);
    expect(credentialIds).toContain(work.id);
    expect(credentialIds).not.toContain(drawer.id);
    expect((await vouch(laptop.env, "keys", "remove", "drawer", "--yes")).exitCode).toBe(1);
    const refused = await login("drawer");
    expectEnd(refused, 5);
    expectShown(refused.screen, "`vouch login`, the key was removed");
  });

  test("ends a stolen key's session on another machine", async () => {
    await startWithTwo();
    const second = anotherLaptop();
    expectEnd(await login("drawer", second, "--server", serverUrl), 0);
    expect(await list(second)).toHaveLength(2);
    const removed = await at(laptop.env, "work", ["keys", "remove", "drawer", "--yes"], typePin);
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove`, the key opened a session elsewhere");
    const after = await vouch(second, "keys", "list");
    expect(after.exitCode).toBe(4);
    expect((await vouch(second, "status")).stdout).toStartWith("Not logged in: the server has ended the session");
    expect(await list()).toHaveLength(1);
  });

  test("is not approved by a key that is not enrolled", async () => {
    await startWithTwo();
    expectEnd(await remove("drawer", "y"), 0);
    for (const args of [
      ["remove", "work", "--yes", "--force"],
      ["rename", "work", "mine"],
    ]) {
      const refused = await at(laptop.env, "drawer", ["keys", ...args], typePin);
      expect([3, 5]).toContain(refused.exitCode ?? -1);
    }
    const added = await at(laptop.env, "drawer", ["keys", "add"], async (someone) => {
      await makeNewKey("drawer", someone);
      for (let tries = 0; tries < 3; tries++) await approve("drawer", someone);
    });
    expect([3, 5]).toContain(added.exitCode ?? -1);
    expect(added.screen).toContain("The new key is not added.");
    expect((await list()).map(({ name }) => name)).toEqual(["work"]);
  });

  test("of the key that opened this session ends it", async () => {
    await startWithTwo();
    const removed = await remove("work", "yes");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove`, the key opened this session");
    expect((await vouch(laptop.env, "status")).exitCode).toBe(4);
    expectEnd(await login("drawer"), 0);
  });

  test("keeps the only key without --force; with it, only a new code lets the person in", async () => {
    await start();
    const kept = await vouch(laptop.env, "keys", "remove", "work", "--yes");
    expect(kept).toMatchObject({ exitCode: 5, stdout: "" });
    expectShown(kept.stderr, "`vouch keys remove`, the only key");
    const removed = await remove("work", "y", "--force");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove --force`, the only key");
    expect((await login("work")).exitCode).toBe(5);
    expectEnd(await enrollWith("work", "--name", "work")(await newCode()), 0);
    expect((await list().catch(() => [])).length).toBe(0);
  });

  test.skipIf(!requires("setsid"))(
    "refuses a key that the person does not have, and a question that nobody can answer",
    async () => {
      await startWithTwo();
      const unknown = await vouch(laptop.env, "keys", "remove", "garage");
      expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
      expectShown(unknown.stderr, "`vouch keys remove`, a key that you do not have");
      const unasked = await laptop.run(["setsid", "--wait", sandboxExecutable, "keys", "remove", "drawer"]);
      expect(unasked).toMatchObject({ exitCode: 2, stdout: "" });
      expect(unasked.stderr).toEndWith("hint: Add `--yes` to remove the key without a question.\n");
      expect(await list()).toHaveLength(2);
    },
  );
});

describe("on a second laptop a person", () => {
  test("enrols a key that is enrolled already: the laptop learns the server, and the code stays good", async () => {
    await start();
    await nextSecond();
    const second = anotherLaptop();
    const code = await newCode();
    const known = await enrollWith("work")(code, second);
    expectEnd(known, 0);
    const [{ id } = { id: "" }] = await list();
    expect(knownServer(second)).toEqual({ url: serverUrl, user: person.email, credentialIds: [id] });
    expectShown(known.screen, "`vouch enroll`, the key is enrolled already");
    expectEnd(await login("work", second), 0);
    expect((await enrollWith("drawer", "--name", "drawer")(code)).exitCode).toBe(0);
    expect((await list(second)).map(({ name }) => name)).toEqual(["work", "drawer"]);
  });

  test("is told that a new server replaces the known one, of which nothing is kept", async () => {
    await start();
    const second = anotherLaptop();
    const old = { url: "https://old.example.com", user: "old@example.com", credentialIds: ["b2xk"] };
    await Bun.write(settingsOf(second), JSON.stringify({ version: 1, server: old, aws: { roleArn: "arn" } }));
    const loggedIn = await login("work", second, "--server", serverUrl);
    expectEnd(loggedIn, 0);
    expectShown(loggedIn.screen, "`vouch login --server` on a machine that knows another server");
    const [{ id } = { id: "" }] = await list(second);
    const settings = (await Bun.file(settingsOf(second)).json()) as object;
    expect(settings).toMatchObject({ aws: { roleArn: "arn" } });
    expect(knownServer(second)).toEqual({ url: serverUrl, user: person.email, credentialIds: [id] });
  });

  test("logs in by the server's URL, which is kept only when that succeeds", async () => {
    await start();
    const second = anotherLaptop();
    const unknown = await vouch(second, "login");
    expect(unknown.exitCode).toBe(1);
    expectShown(unknown.stderr, "`vouch login` on a machine that knows no server");
    expect((await login("drawer", second, "--server", serverUrl)).exitCode).not.toBe(0);
    expect((await vouch(second, "login")).exitCode).toBe(1);
    const loggedIn = await login("work", second, "--server", `${serverUrl}/`);
    expectEnd(loggedIn, 0);
    const [{ id } = { id: "" }] = await list(second);
    expect(knownServer(second)).toEqual({ url: serverUrl, user: person.email, credentialIds: [id] });
    expectShown(loggedIn.screen, "`vouch login --server` on a second machine");
    expectEnd(await login("work", second), 0);
  });
});
