/** The audit log: recorded with what it records, chained, signed, verified, removed when it is old. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type CheckpointOptions,
  lastRemoved,
  makeCheckpoint,
  parseCheckpoint,
} from "../../../../src/server/audit/checkpoint.ts";
import { type AuditEntry, hashOf } from "../../../../src/server/audit/entry.ts";
import { removeOld } from "../../../../src/server/audit/retention.ts";
import { type Problem, type Verdict, verifyAudit } from "../../../../src/server/audit/verify.ts";
import { initializeServer } from "../../../../src/server/initialize.ts";
import { makeSigningKey } from "../../../../src/server/signing/signing-key.ts";
import { openStore } from "../../../../src/server/store/open.ts";
import type { AuditOptions, Store } from "../../../../src/server/store/store.ts";
import { issuer, signerOf, strangersSigner } from "../../audit-signer.ts";
import { type MakeDatabase, now, type TestDatabase } from "./database.ts";

const day = 24 * 3600;

export function keepsAuditLog(make: MakeDatabase): void {
  let database: TestDatabase;
  let time: number;
  let first: Store;
  let second: Store;
  const open = (options: AuditOptions): Promise<Store> =>
    openStore(database.url, {
      create: true,
      now,
      clock: () => time,
      patienceMs: 60_000,
      attemptMs: 60_000,
      ...options,
    });
  beforeEach(async () => {
    time = now;
    database = await make();
    first = await open({ replica: "a", by: "somebody" });
    second = await open({ replica: "b" });
    await initializeServer(first, issuer, undefined, now);
  });
  afterEach(async () => {
    await first.close();
    await second.close();
    await database.remove();
  });

  /** Records so many facts, each in a transaction. */
  async function record(store: Store, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await store.transaction(async (tables) => tables.record({ event: "login", address: `192.0.2.${index}` }));
    }
  }
  const chainOf = (chain: string): Promise<AuditEntry[]> => first.audit.ofChain(chain, 0, 1000);
  const checkpoint = async (store = first) => makeCheckpoint(store, await signerOf(store));
  async function verify(known?: { number: number; hash: string }): Promise<Verdict> {
    const kids = (await first.signingKeys.all()).map(({ kid }) => kid);
    return await verifyAudit(first, { issuer, kids, known });
  }

  test("an entry has what happened, and follows on the one before it in its chain", async () => {
    time += 5;
    const user = { id: "5c0a4e9e-0000-4000-8000-000000000000", email: "dev@example.com" };
    await second.transaction(async (tables) => {
      const detail = { name: "blue", list: ["x", [1, null]], flag: true };
      await tables.record({ event: "key_added", user, credential: "id", address: "2001:db8::1", reason: "r", detail });
      await tables.record({ event: "revoke" });
    });
    const [one, two] = await chainOf("b/0");
    expect(one).toEqual({
      chain: "b/0",
      number: 1,
      time: now + 5,
      event: "key_added",
      user: user.id,
      email: "dev@example.com",
      credential: "id",
      address: "2001:db8::1",
      by: null,
      reason: "r",
      detail: { flag: true, list: ["x", [1, null]], name: "blue" },
      previous: null,
      hash: hashOf(one!),
      signature: null,
    });
    expect(two).toMatchObject({ number: 2, previous: one!.hash, by: null });
    expect((await chainOf("a/0")).map(({ event, by }) => [event, by])).toEqual([
      ["initialize", "somebody"],
      ["signing_key_made", "somebody"],
    ]);
  });

  test("text that a database cannot keep, or a terminal shall not see, is cleaned before it is hashed", async () => {
    const reason = `a\u0000b\u001b[31m\ud800${"x".repeat(2000)}`;
    await first.transaction(async (tables) => tables.record({ event: "refuse", reason }));
    const entry = (await chainOf("a/0")).at(-1)!;
    expect(entry.reason).toStartWith("a\ufffdb\ufffd[31m\ufffdxxx");
    expect(entry.reason!.length).toBe(512);
    expect(hashOf(entry)).toBe(entry.hash);
  });

  test("what is rolled back leaves no entry, and the next one no gap", async () => {
    const failing = first.transaction(async (tables) => {
      await tables.record({ event: "login" });
      await tables.sessions.rememberProof("proof", now);
      throw new Error("refused");
    });
    expect(await failing.catch((error: Error) => error.message)).toBe("refused");
    expect(await first.sessions.rememberProof("proof", now)).toBe(true);
    await record(first, 1);
    expect((await chainOf("a/0")).map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(await verify()).toMatchObject({ problems: [], entries: 3 });
  });

  test("many at once, by replicas of different names and of the same, lose no entry and break no chain", async () => {
    const namesake = await open({ replica: "a" });
    const all = [first, second, namesake].flatMap((store) => Array.from({ length: 20 }, () => record(store, 2)));
    await Promise.all(all);
    await namesake.close();
    expect(await verify()).toMatchObject({ problems: [], entries: 122 });
  });

  test("each entry is handed out after its commit, and none that was rolled back", async () => {
    const seen: AuditEntry[] = [];
    const store = await open({ replica: "c", recorded: (entry) => seen.push(entry) });
    await record(store, 2);
    await store
      .transaction(async (tables) => {
        await tables.record({ event: "login" });
        throw new Error("refused");
      })
      .catch(() => undefined);
    await store.close();
    expect(seen).toEqual(await chainOf("c/0"));
  });

  test("pages follow the time over all chains, and each entry is on one", async () => {
    for (let index = 0; index < 4; index++) {
      await record(index % 2 === 0 ? first : second, 2);
      if (index % 2 === 1) time++;
    }
    const found: AuditEntry[] = [];
    for (let position = { time: 0, chain: "", number: 0 }; ;) {
      const page = await first.audit.page(position, now + 1, 3);
      found.push(...page);
      if (page.length === 0) break;
      position = page.at(-1)!;
    }
    expect(found.map(({ chain, number }) => `${chain} ${number}`)).toEqual([
      "a/0 1",
      "a/0 2",
      "a/0 3",
      "a/0 4",
      "b/0 1",
      "b/0 2",
    ]);
  });

  describe("checkpoints", () => {
    test("have the end of each chain that has grown, and nothing if none has", async () => {
      await record(second, 3);
      const made = await checkpoint();
      expect(made!.detail["heads"]).toEqual([
        ["a/0", 2, (await chainOf("a/0")).at(-1)!.hash],
        ["b/0", 3, (await chainOf("b/0")).at(-1)!.hash],
      ]);
      expect(await checkpoint()).toBeUndefined();
      await record(second, 1);
      expect((await checkpoint(second))!.detail["heads"]).toEqual([["b/0", 4, (await chainOf("b/0")).at(-1)!.hash]]);
      expect(await verify()).toMatchObject({ problems: [], entries: 6, chains: 2, checkpoints: 2, open: 0 });
    });

    test("of replicas that make one at the same moment, one does", async () => {
      const all = await Promise.all([first, second, first, second].map((store) => checkpoint(store)));
      expect(all.filter((made) => made !== undefined)).toHaveLength(1);
      expect(await verify()).toMatchObject({ problems: [], checkpoints: 1 });
    });

    test("follow on another replica's whose key has left in an emergency, if the process has seen that key", async () => {
      const trusted = await checkpoint();
      await record(second, 1);
      await checkpoint(second);
      const leaked = await signerOf(first);
      await first.signingKeys.remove(leaked.kid);
      const next = await makeSigningKey(issuer, undefined);
      await first.signingKeys.add({ ...next, publishedAt: time, signsFrom: time });
      const known = { trusted, kids: new Set([leaked.kid]) };
      await makeCheckpoint(first, await signerOf(first), { force: true, known });
      expect(await verify()).toMatchObject({ problems: [], checkpoints: 3, newest: { kid: next.kid } });
    });

    test("sign what can be no token: it has a line end", async () => {
      const signer = await signerOf(first);
      let signed = "";
      const spy = {
        ...signer.signer,
        sign: async (data: Uint8Array<ArrayBuffer>) => {
          signed = new TextDecoder().decode(data);
          return signer.signer.sign(data);
        },
      };
      const { hash } = (await makeCheckpoint(first, { ...signer, signer: spy }))!;
      expect(signed).toBe(`vouch audit checkpoint\n${issuer}\n${hash}\n`);
    });
  });

  describe("tampering is found:", () => {
    /** Two chains; a checkpoint has a/0 up to 4 and b/0, the next one a/0 up to 6; the seventh has none. */
    beforeEach(async () => {
      await record(second, 2);
      await record(first, 2);
      await checkpoint();
      await record(first, 2);
      await checkpoint();
      await record(first, 1);
      expect(await verify()).toMatchObject({ problems: [], entries: 9, open: 1, checkpoints: 2 });
    });
    const run = (statement: string) => database.sql.unsafe(statement);
    /** Writes the chain anew from an entry on, with hashes that fit. */
    async function rewrite(chain: string, from: number): Promise<void> {
      let previous: string | null = null;
      for (const entry of await chainOf(chain)) {
        const changed: AuditEntry = {
          ...entry,
          previous,
          ...(entry.number === from ? { address: "198.51.100.7" } : {}),
        };
        const hash = hashOf(changed);
        await run(`UPDATE audit_entries SET address = '${changed.address}', hash = '${hash}',
          previous = ${previous === null ? "NULL" : `'${previous}'`}
          WHERE chain = '${chain}' AND number = ${entry.number} AND hash <> '${hash}'`);
        previous = hash;
      }
    }
    const at = (chain: string, number: number) => `chain = '${chain}' AND number = ${number}`;
    const columns =
      "recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous, hash, signature";

    test.each<[string, string | (() => Promise<unknown>), Partial<Problem>]>([
      [
        "a changed address",
        `UPDATE audit_entries SET address = 'x' WHERE ${at("a/0", 3)}`,
        { chain: "a/0", number: 3 },
      ],
      ["a changed person", `UPDATE audit_entries SET email = 'x' WHERE ${at("a/0", 3)}`, { chain: "a/0", number: 3 }],
      ["a changed time", `UPDATE audit_entries SET recorded_at = 1 WHERE ${at("b/0", 1)}`, { chain: "b/0", number: 1 }],
      ["a changed event", `UPDATE audit_entries SET event = 'token' WHERE ${at("a/0", 5)}`, { number: 5 }],
      ["a changed reason", `UPDATE audit_entries SET reason = 'x' WHERE ${at("a/0", 5)}`, { number: 5 }],
      ["a changed detail", `UPDATE audit_entries SET detail = '{"x":1}' WHERE ${at("a/0", 1)}`, { number: 1 }],
      ["a changed actor", `UPDATE audit_entries SET actor = 'x' WHERE ${at("a/0", 1)}`, { number: 1 }],
      ["a changed hash", `UPDATE audit_entries SET hash = 'x' WHERE ${at("a/0", 2)}`, { chain: "a/0", number: 2 }],
      ["a signature where none is", `UPDATE audit_entries SET signature = 'x' WHERE ${at("a/0", 2)}`, { number: 2 }],
      [
        "a change that no checkpoint has",
        `UPDATE audit_entries SET address = 'x' WHERE ${at("a/0", 7)}`,
        { number: 7 },
      ],
      ["a removed entry", `DELETE FROM audit_entries WHERE ${at("a/0", 3)}`, { number: 3, what: "it is missing" }],
      [
        "a removed first entry",
        `DELETE FROM audit_entries WHERE ${at("a/0", 1)}`,
        { number: 1, what: "it is missing" },
      ],
      [
        "a removed end that a checkpoint has",
        "DELETE FROM audit_entries WHERE chain = 'a/0' AND number > 4",
        { chain: "a/0", number: 5, what: "it is missing, with all up to 6, which a checkpoint has" },
      ],
      ["a removed chain", "DELETE FROM audit_entries WHERE chain = 'b/0'", { chain: "b/0", number: 1 }],
      [
        "an inserted entry",
        `INSERT INTO audit_entries (chain, number, ${columns})
          SELECT chain, 8, ${columns} FROM audit_entries WHERE ${at("a/0", 7)}`,
        { chain: "a/0", number: 8 },
      ],
      [
        "an entry before the first",
        `INSERT INTO audit_entries (chain, number, ${columns})
          SELECT chain, 0, ${columns} FROM audit_entries WHERE ${at("a/0", 1)}`,
        { chain: "a/0", number: 0, what: "it stands before the beginning of its chain" },
      ],
      [
        "a name that a detail has twice",
        `UPDATE audit_entries SET detail = '{"issuer":"x",' || substr(detail, 2) WHERE ${at("checkpoints", 1)}`,
        { chain: "checkpoints", number: 1, what: "its content is not what its hash says" },
      ],
      [
        "a detail that is no JSON",
        `UPDATE audit_entries SET detail = '{' WHERE ${at("a/0", 5)}`,
        { chain: "a/0", number: 5, what: "its content is not what its hash says" },
      ],
      [
        "a detail that is nested without an end",
        `UPDATE audit_entries SET detail = '{"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}' WHERE ${at("a/0", 5)}`,
        { chain: "a/0", number: 5, what: "its content is not what its hash says" },
      ],
      [
        "an entry that was put between others",
        async () => {
          for (const number of [7, 6, 5, 4]) {
            await run(`UPDATE audit_entries SET number = number + 1 WHERE ${at("a/0", number)}`);
          }
          await run(`INSERT INTO audit_entries (chain, number, ${columns})
            SELECT chain, 4, ${columns} FROM audit_entries WHERE ${at("a/0", 3)}`);
        },
        { chain: "a/0", number: 4 },
      ],
      [
        "two entries in the other order",
        async () => {
          await run(`UPDATE audit_entries SET number = 99 WHERE ${at("a/0", 3)}`);
          await run(`UPDATE audit_entries SET number = 3 WHERE ${at("a/0", 4)}`);
          await run(`UPDATE audit_entries SET number = 4 WHERE ${at("a/0", 99)}`);
        },
        { chain: "a/0", number: 3 },
      ],
      [
        "a chain of another name",
        "UPDATE audit_entries SET chain = 'c/0' WHERE chain = 'b/0'",
        { chain: "b/0", number: 1 },
      ],
      [
        "an end that was written anew with hashes that fit",
        async () => rewrite("a/0", 5),
        { chain: "a/0", number: 5, what: expect.stringContaining("written anew") },
      ],
      [
        "a whole chain that was written anew with hashes that fit",
        async () => rewrite("b/0", 1),
        { chain: "b/0", number: 1, what: expect.stringContaining("written anew") },
      ],
      [
        "a removed checkpoint",
        `DELETE FROM audit_entries WHERE ${at("checkpoints", 1)}`,
        { chain: "checkpoints", number: 1 },
      ],
      [
        "a changed checkpoint",
        `UPDATE audit_entries SET detail = replace(detail, 'b/0', 'x/0') WHERE ${at("checkpoints", 1)}`,
        { chain: "checkpoints", number: 1 },
      ],
      [
        "the signature of another checkpoint",
        `UPDATE audit_entries SET signature = (SELECT other.signature FROM audit_entries AS other
          WHERE other.chain = 'checkpoints' AND other.number = 1) WHERE ${at("checkpoints", 2)}`,
        { chain: "checkpoints", number: 2, what: "its signature does not fit" },
      ],
      [
        "a checkpoint without a signature",
        `UPDATE audit_entries SET signature = NULL WHERE ${at("checkpoints", 2)}`,
        { chain: "checkpoints", number: 2, what: "its signature does not fit" },
      ],
      [
        "a checkpoint that a stranger's key signed",
        async () => makeCheckpoint(first, await strangersSigner()),
        {
          chain: "checkpoints",
          number: 3,
          what: expect.stringContaining("none of the server's signing keys"),
        },
      ],
      [
        "a checkpoint of another server",
        async () => makeCheckpoint(first, { ...(await signerOf(first)), issuer: "https://other.example.com" }),
        { chain: "checkpoints", number: 3, what: "it is of another server, https://other.example.com" },
      ],
    ])("%s", async (_title, tamper, problem) => {
      await (typeof tamper === "string" ? run(tamper) : tamper());
      expect((await verify()).problems).toContainEqual(expect.objectContaining(problem));
    });

    test.each<[string, () => Promise<void>, number]>([
      ["written anew", async () => rewrite("a/0", 3), 1],
      ["cut off", async () => void (await run("DELETE FROM audit_entries WHERE chain = 'a/0' AND number > 4")), 5],
    ])("a chain that was %s, and grew until the next checkpoint had its end", async (_title, tamper, number) => {
      await tamper();
      time += 1;
      const again = await open({ replica: "a" });
      await record(again, 3);
      await again.close();
      await checkpoint();
      const what = "it was written anew, with all after it: a checkpoint has other hashes";
      expect((await verify()).problems).toEqual([{ chain: "a/0", number, what }]);
      // Retention does not take away what shows it.
      time += 100 * day;
      const outcome = await removeOld(first, await signerOf(first), 30 * day).catch((error: Error) => error.message);
      expect(outcome).toContain("The audit log is broken at a/0");
      expect((await verify()).problems).toEqual([{ chain: "a/0", number, what }]);
    });

    test("a log that was written anew, and signed by a stranger before the server signed on", async () => {
      await rewrite("b/0", 1);
      await run("DELETE FROM audit_entries WHERE chain = 'checkpoints'");
      await run("DELETE FROM audit_chains");
      await makeCheckpoint(first, await strangersSigner());
      await record(first, 1);
      await checkpoint();
      const [{ problems }, all] = [await verify(), await chainOf("checkpoints")];
      expect(problems).toMatchObject([
        {
          chain: "checkpoints",
          number: 2,
          what: expect.stringMatching(/^the server doubted what is before it: checkpoint 1 .* none of the server's/),
        },
      ]);
      // Who knows that it is right, as after an emergency rotation, names it.
      expect((await verify(all.at(-1))).problems).toEqual([]);
    });

    test("a chain that the database says to be sealed further than it is", async () => {
      await run("UPDATE audit_chains SET sealed_number = 999");
      await record(first, 1);
      await checkpoint();
      expect(await verify()).toMatchObject({ problems: [], open: 0 });
    });

    test("an entry that the database says to be sealed, and no checkpoint has", async () => {
      await run("UPDATE audit_chains SET sealed_number = 7 WHERE chain = 'a/0'");
      time += 900;
      await record(second, 1);
      await checkpoint();
      expect((await verify()).problems).toMatchObject([
        { chain: "a/0", number: 7, what: "no checkpoint has it, though there are later ones" },
      ]);
    });

    test("an end that was cut off under a server that runs: its next checkpoint says so", async () => {
      const trusted = (await chainOf("checkpoints")).at(-1);
      await run("DELETE FROM audit_entries WHERE chain = 'checkpoints' AND number > 1");
      await run("DELETE FROM audit_entries WHERE chain = 'a/0' AND number > 4");
      await run("UPDATE audit_chains SET sealed_number = 4 WHERE chain = 'a/0'");
      const again = await open({ replica: "c" });
      await record(again, 1);
      await again.close();
      await makeCheckpoint(first, await signerOf(first), { known: { trusted, kids: new Set() } });
      const what = "the server doubted what is before it: checkpoint 2, which this server knows, is gone";
      expect((await verify()).problems).toMatchObject([{ chain: "checkpoints", number: 2, what }]);
    });

    test("an end that was cut off with its checkpoint, by who knows that checkpoint from elsewhere", async () => {
      const [, newest] = await chainOf("checkpoints");
      const known = { number: newest!.number, hash: newest!.hash };
      expect((await verify(known)).problems).toEqual([]);
      await run("DELETE FROM audit_entries WHERE chain = 'checkpoints' AND number > 1");
      await run("DELETE FROM audit_entries WHERE chain = 'a/0' AND number > 4");
      expect((await verify()).problems).toEqual([]);
      expect((await verify(known)).problems).toMatchObject([{ chain: "checkpoints", number: 2 }]);
    });
  });

  describe("retention", () => {
    /** Entries of a day long ago and of today in a/0, of a day long ago alone in b/0. */
    beforeEach(async () => {
      await record(first, 2);
      await record(second, 3);
      await checkpoint();
      time += 100 * day;
      await record(first, 2);
      await checkpoint();
    });
    const remove = async () => removeOld(first, await signerOf(first), 30 * day);

    test("removes what is older from the beginning of each chain, and the rest stays verifiable", async () => {
      expect(await remove()).toBe(8);
      expect((await chainOf("a/0")).map(({ number }) => number)).toEqual([5, 6]);
      expect(await chainOf("b/0")).toEqual([]);
      expect((await chainOf("checkpoints")).map(({ number }) => number)).toEqual([2, 3]);
      expect(await verify()).toMatchObject({ problems: [], entries: 2 });
      expect(await remove()).toBe(0);
    });

    test.each([1, 2, 4])(
      "removes what one checkpoint has %i at a time, and the log is whole in between",
      async (atOnce) => {
        let before = (await chainOf("a/0")).length + (await chainOf("b/0")).length;
        const removed: number[] = [];
        const made: CheckpointOptions["made"] = async () => {
          const after = (await chainOf("a/0")).length + (await chainOf("b/0")).length;
          removed.push(before - after);
          before = after;
          expect(await verify()).toMatchObject({ problems: [] });
        };
        expect(await removeOld(first, await signerOf(first), 30 * day, { made, atOnce })).toBe(8);
        expect(removed.reduce((sum, count) => sum + count)).toBe(7);
        expect(Math.max(...removed)).toBe(atOnce);
        expect((await chainOf("a/0")).map(({ number }) => number)).toEqual([5, 6]);
        expect(await chainOf("b/0")).toEqual([]);
        expect((await chainOf("checkpoints"))[0]!.number).toBe(2);
        expect(await remove()).toBe(0);
      },
    );

    test("tells of its checkpoint which chains have grown, and from where", async () => {
      await record(second, 2);
      const told: unknown[] = [];
      const made: CheckpointOptions["made"] = async (entry, grown) => {
        told.push([entry.number, grown.map(({ chain, sealed, number }) => [chain, sealed, number])]);
      };
      await removeOld(first, await signerOf(first), 30 * day, { made });
      expect(told[0]).toEqual([3, [["b/0", 3, 5]]]);
    });

    test("of replicas that remove at the same moment, the one that chose first takes nothing back", async () => {
      time += 10 * day;
      await record(second, 1);
      await checkpoint();
      time += 95 * day;
      const { audit } = first;
      const [ofChain, checkpointsBefore] = [audit.ofChain.bind(audit), audit.checkpointsBefore.bind(audit)];
      let hasChosen = false;
      let isOvertaken = false;
      audit.ofChain = async (chain, after, limit) => {
        hasChosen ||= chain !== "checkpoints";
        return await ofChain(chain, after, limit);
      };
      // The first one has chosen the entries of the first day, and the second removes more before that is written.
      audit.checkpointsBefore = async (before, limit) => {
        if (hasChosen && !isOvertaken) {
          isOvertaken = true;
          expect(await removeOld(second, await signerOf(second), 30 * day)).toBeGreaterThan(8);
        }
        return await checkpointsBefore(before, limit);
      };
      expect(await removeOld(first, await signerOf(first), 150 * day)).toBe(0);
      expect(isOvertaken).toBe(true);
      Object.assign(audit, { ofChain, checkpointsBefore });
      expect(await verify()).toMatchObject({ problems: [] });
    });

    test("another replica's removal is not taken for a broken log", async () => {
      const { audit } = first;
      const ofChain = audit.ofChain.bind(audit);
      let isOvertaken = false;
      audit.ofChain = async (chain, after, limit) => {
        if (chain !== "checkpoints" && !isOvertaken) {
          isOvertaken = true;
          expect(await removeOld(second, await signerOf(second), 30 * day)).toBe(8);
        }
        return await ofChain(chain, after, limit);
      };
      expect(await remove()).toBe(0);
      expect(isOvertaken).toBe(true);
    });

    test("a chain of which nothing is left goes on with the next number", async () => {
      await remove();
      const again = await open({ replica: "b" });
      await record(again, 1);
      await again.close();
      expect((await chainOf("b/0")).map(({ number }) => number)).toEqual([4]);
      expect(await verify()).toMatchObject({ problems: [], entries: 3 });
      await checkpoint();
      expect(await verify()).toMatchObject({ problems: [], open: 0 });
    });

    describe("a chain of which nothing is left", () => {
      const removedChains = async () => (await lastRemoved(first)).map(({ chain }) => chain);
      /** Something new each time, so that there is something to remove. */
      const later = async (days: number) => {
        time += days * day;
        await record(first, 1);
        await checkpoint();
        return await remove();
      };
      beforeEach(async () => {
        await remove();
        expect(await removedChains()).toEqual(["a/0", "b/0", "checkpoints"]);
      });

      test("is forgotten with the checkpoint that says so, and the log is whole", async () => {
        await later(31);
        expect(await removedChains()).toEqual(["a/0", "checkpoints"]);
        expect((await first.audit.removals()).map(({ chain }) => chain)).toEqual(["a/0", "checkpoints"]);
        expect(await verify()).toMatchObject({ problems: [] });
      });

      test("begins anew afterwards, also by a process that wrote to it before", async () => {
        await later(31);
        await record(second, 2);
        expect(await chainOf("b/0")).toMatchObject([{ number: 1, previous: null }, { number: 2 }]);
        expect(await verify()).toMatchObject({ problems: [], open: 2 });
        await checkpoint();
        expect(await verify()).toMatchObject({ problems: [], open: 0 });
        await later(31);
        expect(await verify()).toMatchObject({ problems: [] });
      });

      test("is not forgotten if it is written to before", async () => {
        await record(second, 1);
        await checkpoint();
        await later(31);
        expect(await removedChains()).toContain("b/0");
        await record(second, 1);
        expect((await chainOf("b/0")).at(-1)!.number).toBe(5);
        expect(await verify()).toMatchObject({ problems: [] });
      });

      test("is not forgotten if it is written to at that moment", async () => {
        const transaction = first.transaction.bind(first);
        let isOvertaken = false;
        first.transaction = async (work) => {
          if (!isOvertaken) {
            isOvertaken = true;
            await record(second, 1);
          }
          return await transaction(work);
        };
        time += 31 * day;
        expect(await remove()).toBe(0);
        expect(isOvertaken).toBe(true);
        expect(await chainOf("b/0")).toMatchObject([{ number: 4 }]);
        Object.assign(first, { transaction });
        expect(await verify()).toMatchObject({ problems: [], open: 1 });
        await later(1);
        expect(await removedChains()).toContain("b/0");
        expect(await verify()).toMatchObject({ problems: [] });
      });

      test("hides no entry that is gone: what a checkpoint has of it is missed", async () => {
        await record(second, 2);
        await checkpoint();
        await database.sql.unsafe("DELETE FROM audit_entries WHERE chain = 'b/0'");
        time += 15 * day;
        await remove();
        expect((await verify()).problems).toContainEqual(expect.objectContaining({ chain: "b/0" }));
        await later(20).catch(() => undefined);
        expect((await verify()).problems).toContainEqual(expect.objectContaining({ chain: "b/0" }));
        await record(second, 3);
        await checkpoint();
        expect((await verify()).problems).not.toEqual([]);
      });

      test("is one of a bounded number, however many replicas came and went", async () => {
        const sizes: number[] = [];
        for (let replica = 0; replica < 20; replica++) {
          const store = await open({ replica: `pod-${replica}` });
          await record(store, 1);
          await store.close();
          await later(10);
          sizes.push((await removedChains()).length);
        }
        // One in ten days, for twice thirty days, and a/0 and checkpoints.
        expect(Math.max(...sizes)).toBeLessThanOrEqual(2 + 7);
        expect(await first.audit.removals()).toHaveLength(sizes.at(-1)!);
        expect(await verify()).toMatchObject({ problems: [] });
      });
    });

    test("removes nothing before a checkpoint has had it for as long", async () => {
      await record(second, 1);
      time += 100 * day;
      await remove();
      expect((await chainOf("b/0")).map(({ number }) => number)).toEqual([4]);
      const heads = (await chainOf("checkpoints")).flatMap((entry) => parseCheckpoint(entry)!.heads);
      expect(heads).toContainEqual(expect.objectContaining({ chain: "b/0", number: 4 }));
      time += 31 * day;
      expect(await remove()).toBe(2);
      expect(await chainOf("b/0")).toEqual([]);
      expect(await verify()).toMatchObject({ problems: [], checkpoints: 1 });
    });

    test("removes no young entry whose time somebody has set back", async () => {
      await database.sql.unsafe("UPDATE audit_entries SET recorded_at = 1");
      const outcome = await remove().catch((error: Error) => error.message);
      expect(outcome).toContain("The audit log is broken at checkpoints 1, so nothing was removed");
      expect(await chainOf("a/0")).toHaveLength(6);
      expect((await verify()).problems).toContainEqual(expect.objectContaining({ chain: "a/0", number: 1 }));
    });

    test("removes no young entry of a chain in which somebody has set the time back", async () => {
      await database.sql.unsafe("UPDATE audit_entries SET recorded_at = 1 WHERE chain = 'a/0'");
      await remove();
      expect((await chainOf("a/0")).map(({ number }) => number)).toEqual([5, 6]);
      expect((await verify()).problems).toContainEqual(expect.objectContaining({ chain: "a/0", number: 5 }));
    });

    test("removes nothing where the log is not what the checkpoints have", async () => {
      await database.sql.unsafe("UPDATE audit_entries SET hash = 'x' WHERE chain = 'b/0' AND number = 3");
      const outcome = await remove().catch((error: Error) => error.message);
      expect(outcome).toContain("The audit log is broken at b/0 3");
      expect(await chainOf("a/0")).toHaveLength(6);
    });

    test("signs no removal that the database alone says", async () => {
      const [, , , , fifth] = await chainOf("a/0");
      await database.sql.unsafe("DELETE FROM audit_entries WHERE chain = 'a/0' AND number <= 5");
      await database.sql.unsafe(
        `UPDATE audit_chains SET removed_number = 5, removed_hash = '${fifth!.hash}' WHERE chain = 'a/0'`,
      );
      await remove().catch(() => undefined);
      expect((await verify()).problems).toContainEqual(expect.objectContaining({ chain: "a/0", number: 1 }));
    });

    test("says of a checkpoint that is known from elsewhere whether it was removed", async () => {
      const known = await chainOf("checkpoints");
      await remove();
      await record(first, 1);
      await checkpoint();
      time += 100 * day;
      await remove();
      expect((await verify(known[0])).problems).toMatchObject([
        { number: 1, what: expect.stringContaining("retention has removed the checkpoint") },
      ]);
      const [newest] = (await chainOf("checkpoints")).slice(-1);
      expect((await verify(newest)).problems).toEqual([]);
      const anchor = parseCheckpoint(newest!)!.removed!.find(({ chain }) => chain === "checkpoints");
      expect((await verify(anchor)).problems).toEqual([]);
    });

    test.each([
      ["an entry more that is gone", "DELETE FROM audit_entries WHERE chain = 'a/0' AND number = 5", "a/0", 5],
      [
        "a removed entry that is there again",
        `INSERT INTO audit_entries (chain, number, recorded_at, event, detail, hash)
          VALUES ('a/0', 4, ${now}, 'login', '{}', 'x')`,
        "a/0",
        4,
      ],
      ["what the database notes of it", "UPDATE audit_chains SET removed_number = 5, removed_hash = 'x'", "", 0],
    ])("does not hide tampering: %s", async (_title, statement, chain, number) => {
      await remove();
      await database.sql.unsafe(statement);
      const { problems } = await verify();
      // A verification does not ask what the database notes.
      if (chain === "") expect(problems).toEqual([]);
      else expect(problems).toContainEqual(expect.objectContaining({ chain, number }));
    });
  });
}
