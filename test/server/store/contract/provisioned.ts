/** People and tokens of SCIM, as both databases keep them. */
import { expect, test } from "bun:test";
import type { ScimPerson } from "../../../../src/server/store/people/provisioned.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { type MakeDatabase, now, openEach } from "./database.ts";

/** Declares the tests. */
export function keepsProvisioned(make: MakeDatabase): void {
  let store: Store;
  openEach(make, (opened) => {
    ({ store } = opened);
  });

  async function person(email: string, more: Partial<ScimPerson> = {}): Promise<string> {
    const { id } = (await store.accounts.add(email, now))!;
    await store.provisioned.setState(id, "managed");
    const none = { displayName: undefined, givenName: undefined, familyName: undefined, externalId: undefined };
    await store.provisioned.write(id, { email, ...none, ...more });
    return id;
  }
  const page = async (offset: number, limit: number) =>
    (await store.provisioned.page({ offset, limit })).map(({ email }) => email.split("@")[0]).join("");

  test("SCIM sees whom it manages, by id, email, external id and page, and nobody else", async () => {
    const names = { displayName: "B", givenName: "Bea", familyName: "Example", externalId: "x" };
    const id = await person("b@example.com", names);
    await person("a@example.com");
    await person("c@example.com", { externalId: "x" });
    const other = (await store.accounts.add("d@example.com", now))!;
    const found = { id, email: "b@example.com", disabled: false, createdAt: now, ...names };
    expect(await store.provisioned.find(id)).toEqual(found);
    expect(await store.provisioned.findByEmail("b@example.com")).toEqual(found);
    expect((await store.provisioned.findByExternalId("x", 9)).map(({ email }) => email).toSorted()).toEqual([
      "b@example.com",
      "c@example.com",
    ]);
    expect(await store.provisioned.findByExternalId("x", 1)).toHaveLength(1);
    expect([await page(0, 9), await page(1, 1), await page(3, 9)]).toEqual(["abc", "b", ""]);
    expect(await store.provisioned.count()).toBe(3);
    expect(await store.provisioned.find(other.id)).toBeUndefined();
    expect(await store.provisioned.findByEmail("d@example.com")).toBeUndefined();
    expect(await store.provisioned.stateOf(other.id)).toEqual({ state: undefined, externalId: undefined });
    await store.provisioned.setState(id, "open");
    expect(await store.provisioned.find(id)).toBeUndefined();
    expect(await store.provisioned.stateOf(id)).toEqual({ state: "open", externalId: "x" });
    const listed = async (scim?: "managed" | "open") =>
      (await store.accounts.users(now, { scim })).map((each) => [each.email, each.scim]);
    expect(await listed("open")).toEqual([["b@example.com", "open"]]);
    expect(await listed("managed")).toHaveLength(2);
    expect(await listed()).toContainEqual(["d@example.com", undefined]);
    expect((await store.accounts.summary("b@example.com", now))?.scim).toBe("open");
    await store.provisioned.forgetExternalId(id);
    expect(await store.provisioned.stateOf(id)).toEqual({ state: "open", externalId: undefined });
    expect(await page(0, 9)).toBe("ac");
  });

  test("nobody is given another's email, and their own is accepted", async () => {
    const id = await person("a@example.com");
    await person("b@example.com");
    const { createdAt: _, disabled: _disabled, id: _id, ...same } = (await store.provisioned.find(id))!;
    expect(await store.provisioned.write(id, { ...same, email: "b@example.com" })).toBe(false);
    expect(await store.provisioned.write(id, { ...same, displayName: "A" })).toBe(true);
    expect(await store.provisioned.find(id)).toMatchObject({ email: "a@example.com", displayName: "A" });
  });

  test.each<[string, ("scim" | undefined)[], boolean]>([
    ["SCIM enables whom it disabled", ["scim"], true],
    ["SCIM does not enable whom an administrator disabled", [undefined], false],
    ["SCIM does not take over what an administrator disabled", [undefined, "scim"], false],
    ["an administrator takes over what SCIM disabled", ["scim", undefined], false],
  ])("%s, and an administrator enables everybody", async (_, disabling, isEnabled) => {
    const id = await person("a@example.com");
    for (const by of disabling) await store.accounts.setDisabled(id, now, by);
    expect((await store.provisioned.find(id))!.disabled).toBe(true);
    expect(await store.accounts.setDisabled(id, undefined, "scim")).toBe(isEnabled);
    expect((await store.provisioned.find(id))!.disabled).toBe(!isEnabled);
    expect(await store.accounts.setDisabled(id, undefined)).toBe(!isEnabled);
    expect((await store.provisioned.find(id))!.disabled).toBe(false);
  });

  test("a group's members by SCIM are told from the others, and taken back alone", async () => {
    const [a, b] = [await person("a@example.com"), await person("b@example.com")];
    const { id } = (await store.groups.create("one", "scim", now, "x"))!;
    await store.groups.create("two", "local", now);
    await store.groups.join(id, b, "scim");
    await store.groups.join(id, a, "scim");
    await store.groups.join(id, a, "sso");
    expect(await store.groups.membersBy(id, "scim")).toEqual([
      { id: a, email: "a@example.com" },
      { id: b, email: "b@example.com" },
    ]);
    expect(await store.groups.countBy(id, "scim")).toBe(2);
    expect(await store.groups.ofSource("scim", { offset: 0, limit: 9 })).toMatchObject([{ id, members: 2 }]);
    expect(await store.groups.ofSource("scim", { offset: 1, limit: 9 })).toEqual([]);
    expect(await store.groups.countOfSource("scim")).toBe(1);
    expect(await store.groups.findByExternalId("scim", "x")).toMatchObject([{ id }]);
    expect(await store.groups.findByExternalId("local", "x")).toEqual([]);
    expect(await store.groups.removeSource(id, "scim")).toBe("sso");
    expect(await store.groups.membersBy(id, "scim")).toEqual([]);
    await store.groups.setSource(id, "sso", undefined);
    expect(await store.groups.find(id)).toMatchObject({ source: "sso", externalId: undefined });
    expect(await store.groups.removeSource(id, "sso")).toBeUndefined();
  });

  test("a token is found by its hash until it is removed, and its use is recorded once an hour", async () => {
    expect(await store.scimTokens.add("one", "hash", now)).toBe(true);
    expect(await store.scimTokens.add("one", "other", now)).toBe(false);
    const token = { id: expect.any(String), name: "one", createdAt: now, lastUsedAt: undefined };
    expect(await store.scimTokens.find("hash")).toEqual(token);
    const { id } = (await store.scimTokens.find("hash"))!;
    await store.scimTokens.used("hash", token, now + 1);
    await store.scimTokens.used("hash", { ...token, lastUsedAt: now + 1 }, now + 3600);
    expect(await store.scimTokens.list()).toEqual([{ ...token, lastUsedAt: now + 1 }]);
    await store.scimTokens.used("hash", { ...token, lastUsedAt: now + 1 }, now + 3601);
    expect((await store.scimTokens.find("hash"))?.lastUsedAt).toBe(now + 3601);
    expect([await store.scimTokens.remove("one"), await store.scimTokens.remove("one")]).toEqual([true, false]);
    expect(await store.scimTokens.find("hash")).toBeUndefined();
    await store.scimTokens.add("one", "another", now);
    expect((await store.scimTokens.find("another"))?.id).not.toBe(id);
    await store.scimTokens.remove("one");
    for (const name of ["two", "three"]) await store.scimTokens.add(name, name, now);
    expect([await store.scimTokens.removeAll(), await store.scimTokens.removeAll()]).toEqual([2, 0]);
  });
}
