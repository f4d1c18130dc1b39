/** GET /v1/profile: what laptops are told, by the groups of the session's user. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AnnouncedBody, digestOf } from "../../../src/announced/body.ts";
import { endOfTime } from "../../../src/server/store/audit.ts";
import { removeGroup } from "../../../src/server/administration/groups.ts";
import {
  parseLaptopProfileName,
  removeLaptopProfile,
  setLaptopProfile,
} from "../../../src/server/administration/laptop-profiles.ts";
import { rejection } from "../../rejection.ts";
import { newPerson, type Person } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
let person: Person;
let stranger: Person;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  [person, stranger] = [await newPerson(server), await newPerson(server)];
  const { id } = (await server.store.accounts.findUser(person.email))!;
  for (const name of ["data", "platform"]) {
    const group = (await server.store.groups.create(name, "local", server.now()))!;
    await server.store.groups.join(group.id, id, "local");
  }
});
afterAll(() => server.stop());

const role = (name: string) => ({ roleArn: `arn:aws:iam::123456789012:role/${name}`, region: "us-east-1" });
const repository = (name: string, more: object = {}) => ({
  domain: "my-domain",
  domainOwner: "123456789012",
  region: "us-east-1",
  repository: name,
  ...more,
});

const set = (name: string, body: AnnouncedBody, group?: string) =>
  server.store.transaction((tables) => setLaptopProfile(tables, "operator", { name, group, body, now: server.now() }));
const told = async (who: Person = person): Promise<AnnouncedBody> => {
  const { status, body } = await server.inSession(who, "GET", "/v1/profile");
  expect({ status, digest: body.digest }).toEqual({ status: 200, digest: digestOf(body.profile) });
  return body.profile;
};
const events = async () => {
  const entries = await server.store.audit.page({ time: 0, chain: "", number: 0 }, endOfTime, 1000);
  return entries
    .filter(({ event }) => event.startsWith("profile_"))
    .map(({ event, detail }) => `${event} ${String(detail?.["profile"])}`);
};

test("is told to a session alone", async () => {
  expect(await told()).toEqual({});
  expect((await server.send("/v1/profile")).status).toBe(401);
  expect((await server.inSession({ ...person, dpop: stranger.dpop }, "GET", "/v1/profile")).status).toBe(401);
});

test("is everybody's and that of both groups, of which the later counts for the same thing", async () => {
  expect((await server.send("/v1/enroll/ways")).body).toEqual({ invite: true });
  await set("company", { aws: role("all"), repositories: [repository("shared"), repository("last")] });
  expect((await server.send("/v1/enroll/ways")).body).toEqual({ invite: true, announces: true });
  await set(
    "data",
    { aws: role("data"), repositories: [repository("shared", { roleArn: role("data").roleArn })] },
    "data",
  );
  await set("platform", { profiles: [{ name: "ops", ...role("ops") }], aws: role("platform") }, "platform");
  expect(await told()).toEqual({
    aws: role("platform"),
    profiles: [{ name: "ops", ...role("ops") }],
    repositories: [repository("last"), repository("shared", { roleArn: role("data").roleArn })],
  });
  expect(await told(stranger)).toEqual({
    aws: role("all"),
    repositories: [repository("shared"), repository("last")],
  });
});

test("ends with the profile, and with its group; the audit log has both", async () => {
  await server.store.transaction((tables) => removeLaptopProfile(tables, "operator", { name: "platform" }));
  expect((await told()).aws).toEqual(role("data"));
  await server.store.transaction((tables) => removeGroup(tables, "operator", { group: "data" }));
  expect((await told()).aws).toEqual(role("all"));
  expect(await events()).toEqual([
    "profile_set company",
    "profile_set data",
    "profile_set platform",
    "profile_removed platform",
    "profile_removed data",
  ]);
});

test("is set again without a record if nothing of it is new", async () => {
  const before = await events();
  const body = { aws: role("all"), repositories: [repository("shared"), repository("last")] };
  expect(await set("company", body)).toMatchObject({ changed: false });
  expect(await events()).toEqual(before);
});

test("one name leads to one role for all groups", async () => {
  await set("one", { profiles: [{ name: "acme", ...role("one") }] }, "platform");
  const error = await rejection(set("two", { profiles: [{ name: "acme", ...role("two") }] }));
  expect(error.message).toBe('"one" announces another role by the name acme.');
  await set("two", { profiles: [{ name: "acme", ...role("one") }] });
});

test("what one profile publishes with, another does not read by, nor on the way", async () => {
  const { roleArn } = role("publishes");
  await server.store.groups.create("publishers", "local", server.now());
  await set(
    "publishing",
    { repositories: [repository("private", { roleArn: role("reads").roleArn, publishRoleArn: roleArn })] },
    "publishers",
  );
  for (const body of [
    { profiles: [{ name: "x", ...role("publishes") }] },
    { profiles: [{ name: "x", ...role("x"), via: [roleArn] }] },
  ]) {
    for (const group of ["platform", undefined]) {
      expect(await rejection(set("reading", body, group))).toMatchObject({
        code: "usage",
        message: expect.stringContaining(roleArn),
      });
    }
  }
  await server.store.transaction((tables) => removeLaptopProfile(tables, "operator", { name: "publishing" }));
});

test("what is more than a laptop takes is refused, when it is set or else to the person", async () => {
  const many = (prefix: string) => Array.from({ length: 20 }, (_, index) => repository(`${prefix}${index}`));
  await set("many", { repositories: many("a") }, "platform");
  await set("more", { repositories: many("b") });
  expect(await server.inSession(person, "GET", "/v1/profile")).toMatchObject({
    status: 403,
    body: { error: { code: "access_denied", hint: expect.stringContaining("--person") } },
  });
  expect((await rejection(set("most", { repositories: many("c") }))).code).toBe("access_denied");
});

test.each(["", " a", "a\nb", "a\u001b[2J", "\u0430cme", "x".repeat(65)])("%j is no name of a profile", (name) => {
  expect(() => parseLaptopProfileName(name)).toThrow("Expected the name of a profile");
});
