/** What both databases keep of keys' attestations, and the metadata of models. */
import { expect, test } from "bun:test";
import type { Metadata } from "../../../../src/server/policy/metadata.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { credential, type MakeDatabase, now, type TestDatabase, openEach } from "./database.ts";

/** Declares the tests. */
export function keepsAttestations(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  openEach(make, (opened) => {
    ({ database, store } = opened);
  });

  const proof = { by: "root", model: "Example \u{1f511}", hardware: true, certified: [] } as const;
  const metadata = (number: number, root = "ab"): Metadata => ({
    number,
    nextUpdate: "2027-02-01",
    root: root.repeat(32),
    source: "/blob.jwt",
    readAt: now,
    models: [],
    skipped: 0,
  });
  const keep = async (issue: Metadata) =>
    await store.transaction(async (tables) => await tables.attestationMetadata.keep(issue));

  test("what a registration brought is given to who judges the key, the proof to everybody", async () => {
    const user = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
    const registered = { ...credential(user.id, "id"), attestation: "{}", proof: { ...proof, certified: [] } };
    expect(await store.credentials.add(registered)).toBe("added");
    expect(await store.credentials.find("id")).toMatchObject({ attestation: "{}", credential: { proof } });
    expect(await store.credentials.ofUser(user.id)).toMatchObject([{ proof }]);
    await store.sessions.add("token", { user, jkt: "jkt", credentialId: "id", createdAt: now, expiresAt: now + 10 });
    expect((await store.sessions.find("token"))?.proof).toMatchObject(proof);
    await store.credentials.setProof("id", undefined);
    expect((await store.credentials.find("id"))?.credential.proof).toBeUndefined();
    expect((await store.sessions.find("token"))?.proof).toBeUndefined();
  });

  test("all keys are read page by page, each once", async () => {
    const user = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
    for (const id of ["c", "a", "B", "-x", "_y"]) await store.credentials.add(credential(user.id, id, id));
    const ids: string[] = [];
    for (let after = ""; ;) {
      const page = await store.credentials.page(after, 2);
      ids.push(...page.map((found) => found.credential.id));
      if (page.length < 2) break;
      after = page.at(-1)!.credential.id;
    }
    expect(ids.toSorted()).toEqual(["-x", "B", "_y", "a", "c"]);
  });

  test("metadata go forward only, until they are of another root", async () => {
    expect([await store.attestationMetadata.load(), await store.attestationMetadata.version()]).toEqual([
      undefined,
      undefined,
    ]);
    expect([
      await keep(metadata(8)),
      await keep(metadata(9)),
      await keep(metadata(8)),
      await keep(metadata(9)),
    ]).toEqual([true, true, false, true]);
    expect(await store.attestationMetadata.load()).toEqual(metadata(9));
    const version = await store.attestationMetadata.version();
    expect(await keep(metadata(1, "cd"))).toBe(true);
    expect(await store.attestationMetadata.load()).toEqual(metadata(1, "cd"));
    expect(await store.attestationMetadata.version()).not.toBe(version);
  });

  test("of several issues at once the newest stays", async () => {
    await Promise.all([3, 9, 5, 7].map(async (number) => await keep(metadata(number))));
    expect((await store.attestationMetadata.load())?.number).toBe(9);
  });

  test("metadata that cannot be read count as none", async () => {
    await keep(metadata(9));
    await database.sql`UPDATE configuration SET value = '{"number":9' WHERE name = 'attestation_metadata'`;
    expect(await store.attestationMetadata.load()).toBeUndefined();
    expect(await keep(metadata(1))).toBe(true);
  });
}
