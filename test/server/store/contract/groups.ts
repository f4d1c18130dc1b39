/** Groups, their members by source, and roles, as both databases keep them. */
import { expect, test } from "bun:test";
import { groupName, type GroupSource } from "../../../../src/server/store/people/groups.ts";
import type { PeopleFilter } from "../../../../src/server/store/people/accounts.ts";
import { endOfTime } from "../../../../src/server/store/audit.ts";
import { anyAbility } from "../../../../src/server/store/people/roles.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import type { User } from "../../../../src/server/store/people/user.ts";
import { credential, type MakeDatabase, now, openEach, type TestDatabase } from "./database.ts";

/** Declares the tests. */
export function keepsGroups(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  let one: User;
  let other: User;
  openEach(make, async (opened) => {
    ({ database, store } = opened);
    [one, other] = [await person("one"), await person("other")];
  });

  const person = (name: string) => store.accounts.invite(`${name}@example.com`, `${name}-code`, now, now + 100);
  const group = async (name: string, source: GroupSource = "local") => (await store.groups.create(name, source, now))!;
  const names = async (user: User) =>
    (await store.groups.ofUser(user.id)).map((each) => `${each.group.name} ${each.sources.join("+")}`);

  test("a name is one group's, and pages are in the order of the names", async () => {
    const platform = await group("platform");
    expect(await store.groups.create("platform", "scim", now)).toBeUndefined();
    await group("data", "sso");
    const { id } = (await store.groups.create("apps", "scim", now + 1, "at-the-source"))!;
    await store.groups.join(platform.id, one.id, "local");
    await store.groups.join(platform.id, one.id, "sso");
    expect(await store.groups.page()).toEqual([
      { id, name: "apps", source: "scim", externalId: "at-the-source", createdAt: now + 1, members: 0 },
      expect.objectContaining({ name: "data", source: "sso", members: 0 }),
      { ...platform, members: 1 },
    ]);
    expect((await store.groups.page({ after: "apps", limit: 1 })).map(({ name }) => name)).toEqual(["data"]);
  });

  test("laptops are told of everybody's profiles first, then of their people's groups, once whoever says so", async () => {
    const [platform, data] = [await group("platform"), await group("data")];
    const { laptopProfiles } = store;
    expect(await laptopProfiles.hasAny()).toBe(false);
    await laptopProfiles.set("z-all", undefined, "1", now);
    await laptopProfiles.set("b-data", data.id, "2", now);
    await laptopProfiles.set("a-platform", platform.id, "3", now);
    await store.groups.join(platform.id, one.id, "local");
    await store.groups.join(platform.id, one.id, "sso");
    const told = async ({ id }: User) => (await laptopProfiles.ofUser(id)).map(({ name, body }) => `${name} ${body}`);
    expect([await told(one), await told(other)]).toEqual([["z-all 1", "a-platform 3"], ["z-all 1"]]);
    await laptopProfiles.set("z-all", data.id, "4", now + 1);
    expect(await laptopProfiles.find("z-all")).toEqual({ name: "z-all", group: "data", body: "4", updatedAt: now + 1 });
    expect([await told(one), await told(other)]).toEqual([["a-platform 3"], []]);
    expect(await laptopProfiles.namesOfGroup(data.id)).toEqual(["b-data", "z-all"]);
    await store.groups.remove(data.id);
    expect((await laptopProfiles.all()).map(({ name }) => name)).toEqual(["a-platform"]);
    expect(await laptopProfiles.remove("a-platform")).toBe(true);
    expect(await laptopProfiles.remove("a-platform")).toBe(false);
  });

  test("a group is renamed to a name that no other has, and found by both of its names' order", async () => {
    const platform = await group("platform");
    await group("data");
    expect(await store.groups.rename(platform.id, "data")).toBe("name_taken");
    expect(await store.groups.rename(platform.id, "platform")).toBe("renamed");
    expect(await store.groups.rename(platform.id, "base")).toBe("renamed");
    expect(await store.groups.rename("nothing", "x")).toBe("not_found");
    expect(await store.groups.findByName("platform")).toBeUndefined();
    expect((await store.groups.findByName("base"))?.id).toBe(platform.id);
    expect((await store.groups.find(platform.id))?.name).toBe("base");
  });

  test("a membership ends for the source that said so alone", async () => {
    const { id } = await group("platform");
    expect(await store.groups.join(id, one.id, "local")).toBe(true);
    expect(await store.groups.join(id, one.id, "local")).toBe(false);
    expect(await store.groups.join(id, one.id, "scim")).toBe(true);
    expect(await store.groups.leave(id, one.id, "sso")).toBe(false);
    expect(await store.groups.leave(id, one.id, "local")).toBe(true);
    expect(await names(one)).toEqual(["platform scim"]);
    expect(await store.groups.join("nothing", one.id, "local")).toBe(false);
    expect(await store.groups.join(id, "nobody", "local")).toBe(false);
  });

  test("members come by their emails, page by page, each once with who says so", async () => {
    const { id } = await group("platform");
    const third = await person("third");
    await store.accounts.setDisabled(third.id, now);
    for (const user of [third, other, one]) await store.groups.join(id, user.id, "local");
    await store.groups.join(id, one.id, "sso");
    const first = await store.groups.members(id, { limit: 2 });
    expect(first).toEqual([
      { id: one.id, email: one.email, disabled: false, sources: ["local", "sso"] },
      { id: other.id, email: other.email, disabled: false, sources: ["local"] },
    ]);
    expect(await store.groups.members(id, { after: other.email, limit: 2 })).toEqual([
      { id: third.id, email: third.email, disabled: true, sources: ["local"] },
    ]);
    expect(await store.groups.members("nothing")).toEqual([]);
  });

  test("a removed group takes its memberships along, and no other's", async () => {
    const [platform, data] = [await group("platform"), await group("data")];
    for (const { id } of [platform, data]) await store.groups.join(id, one.id, "local");
    expect(await store.groups.remove(platform.id)).toBe(true);
    expect(await store.groups.remove(platform.id)).toBe(false);
    expect(await names(one)).toEqual(["data local"]);
  });

  test("what a sign-on says replaces what the last one said, and nothing of others", async () => {
    const [local, scim] = [await group("by-hand"), await group("by-scim", "scim")];
    await store.groups.join(local.id, one.id, "local");
    await store.groups.join(scim.id, one.id, "scim");
    const replace = (user: User, ...wanted: string[]) =>
      store.transaction(({ groups }) => groups.replaceMemberships(user.id, "sso", wanted, now));
    expect(await replace(other, "platform")).toEqual({ joined: ["platform"], left: [] });
    expect(await replace(one, "platform", "by-scim", "platform")).toEqual({
      joined: ["by-scim", "platform"],
      left: [],
    });
    expect(await names(one)).toEqual(["by-hand local", "by-scim scim+sso", "platform sso"]);
    expect(await replace(one, "data", "platform")).toEqual({ joined: ["data"], left: ["by-scim"] });
    expect(await replace(one)).toEqual({ joined: [], left: ["data", "platform"] });
    expect(await names(one)).toEqual(["by-hand local", "by-scim scim"]);
    expect(await names(other)).toEqual(["platform sso"]);
    expect((await store.groups.findByName("data"))?.source).toBe("sso");
  });

  test("people are filtered by text, role, state and group", async () => {
    const emails = async (filter: PeopleFilter) => (await store.accounts.users(now, filter)).map(({ email }) => email);
    const { id } = await group("platform");
    await store.groups.join(id, one.id, "local");
    await store.roles.setRole(other.id, "auditor");
    await store.accounts.setDisabled(other.id, now);
    await database.sql.unsafe(`UPDATE users SET display_name = 'Ada 100%_!' WHERE id = '${one.id}'`);
    expect(await emails({})).toEqual([one.email, other.email]);
    expect(await emails({ search: "ADA 100%_!" })).toEqual([one.email]);
    expect(await emails({ search: "a_a" })).toEqual([]);
    expect(await emails({ search: "other@" })).toEqual([other.email]);
    expect(await emails({ role: "auditor" })).toEqual([other.email]);
    expect(await emails({ role: "member" })).toEqual([one.email]);
    expect(await emails({ disabled: true })).toEqual([other.email]);
    expect(await emails({ disabled: false })).toEqual([one.email]);
    expect(await emails({ group: id })).toEqual([one.email]);
    expect(await emails({ group: id, disabled: true })).toEqual([]);
    expect(await store.accounts.summary(one.email, now)).toMatchObject({ displayName: "Ada 100%_!", role: "member" });
    expect(await store.groups.namesOfUser(one.id)).toEqual(["platform"]);
    expect(await store.groups.count(id)).toBe(1);
  });

  test("logins and refusals are counted by the unit of time, and the log is read from its end", async () => {
    const record = (event: "login" | "refuse" | "token") => store.transaction((tables) => tables.record({ event }));
    for (const event of ["login", "token", "refuse", "login"] as const) await record(event);
    const [last] = await store.audit.pageBefore({ time: endOfTime, chain: "", number: 0 }, 0, 1);
    const { time } = last!;
    const counts = await store.audit.countAccess(time - 3600, time + 1, 3600);
    const sum = (event: string) =>
      counts.filter((each) => each.event === event).reduce((all, { count }) => all + count, 0);
    expect([sum("login"), sum("refuse"), sum("token")]).toEqual([2, 1, 0]);
    expect(counts.every(({ start }) => start % 3600 === 0)).toBe(true);
    expect(await store.audit.countAccess(time + 1, time + 3600, 3600)).toEqual([]);
    const before = await store.audit.pageBefore(last!, 0, 10);
    expect(before.map(({ event }) => event)).toEqual(["refuse", "token", "login"]);
    expect(await store.audit.pageBefore(last!, time + 1, 10)).toEqual([]);
  });

  test.each([
    ["platform", true],
    ["Team A: web.dev@x/y_z-1", true],
    ["7", true],
    ["a".repeat(64), true],
    ["a".repeat(65), false],
    ["", false],
    [" platform", false],
    ["-platform", false],
    ["plat\nform", false],
    ["plätform", false],
    ["a,b", false],
  ])("%j as a name: %p", (name, isName) => {
    expect(groupName.test(name)).toBe(isName);
  });

  test("a role is a member's until it is given", async () => {
    const { roles } = store;
    expect(await roles.roleOf(one.id)).toBe("member");
    expect(await roles.roleOf("nobody")).toBe("member");
    expect(await roles.setRole(one.id, "member")).toBe(false);
    expect(await roles.setRole(one.id, "administrator")).toBe(true);
    expect(await roles.setRole(one.id, "administrator")).toBe(false);
    expect(await roles.setRole(other.id, "auditor")).toBe(true);
    expect(await roles.setRole("nobody", "auditor")).toBe(false);
    expect([await roles.roleOf(one.id), await roles.roleOf(other.id)]).toEqual(["administrator", "auditor"]);
    expect(await roles.holders()).toEqual([
      { ...one, role: "administrator" },
      { ...other, role: "auditor" },
    ]);
    expect(await roles.setRole(one.id, "member")).toBe(true);
    expect((await roles.holders()).map(({ email }) => email)).toEqual([other.email]);
  });

  test("a role of a newer program counts as a member's", async () => {
    await database.sql.unsafe(`UPDATE users SET role = 'owner' WHERE id = '${one.id}'`);
    expect(await store.roles.roleOf(one.id)).toBe("member");
    expect(await store.roles.holders()).toEqual([]);
  });

  test("an administrator who is disabled, or has no key, is none who can log in", async () => {
    const { roles, accounts, credentials } = store;
    await roles.setRole(one.id, "administrator");
    await roles.setRole(other.id, "administrator");
    expect(await roles.administrators(anyAbility)).toEqual([]);
    await credentials.add(credential(one.id, "one"));
    await credentials.add(credential(other.id, "other"));
    expect((await roles.administrators(anyAbility)).toSorted()).toEqual([one.id, other.id].toSorted());
    await accounts.setDisabled(other.id, now);
    expect(await roles.administrators(anyAbility)).toEqual([one.id]);
    await credentials.removeAll(one.id);
    expect(await roles.administrators(anyAbility)).toEqual([]);
    await accounts.setDisabled(other.id, undefined);
    await roles.setRole(other.id, "auditor");
    expect(await roles.administrators(anyAbility)).toEqual([]);
  });

  test("one who has but a phone's key, or whom the provider refuses, changes nothing where such are not let in", async () => {
    const { roles, credentials, identities } = store;
    await roles.setRole(one.id, "administrator");
    await credentials.add(credential(one.id, "phone"));
    const securityKeys = { ...anyAbility, builtIn: false };
    expect([await roles.administrators(anyAbility), await roles.administrators(securityKeys)]).toEqual([[one.id], []]);
    expect(await roles.administrators(anyAbility, "phone")).toEqual([]);
    await credentials.add({ ...credential(one.id, "key", "green"), builtIn: false });
    expect(await roles.administrators(securityKeys)).toEqual([one.id]);
    expect(await roles.administrators(securityKeys, "key")).toEqual([]);
    const identity = { issuer: "https://login.example.com", subject: "former" };
    const able = async (refusedBy: string) => await roles.administrators({ ...anyAbility, refusedBy });
    await identities.add(identity, one.id, now);
    await identities.seen(identity, now, "token");
    expect(await able(identity.issuer)).toEqual([one.id]);
    await identities.release({ ...identity, refreshToken: "token" }, undefined, { refused: now });
    expect([await able(identity.issuer), await able("https://other.example.com")]).toEqual([[], [one.id]]);
    expect(await roles.administrators(anyAbility)).toEqual([one.id]);
    const later = { ...identity, subject: "later" };
    await identities.add(later, one.id, now);
    await identities.seen(later, now + 1);
    expect(await able(identity.issuer)).toEqual([one.id]);
  });
}
