import { describe, expect, test } from "bun:test";
import { isKnownServer, profileServers, serverOf, withServer } from "../../src/settings/servers.ts";
import { parseSettings, type Settings } from "../../src/settings/settings.ts";

const ours = "https://vouch.example.com";
const theirs = "https://vouch.client.example";
const other = "https://vouch.other.example";
const profile = (server?: string) => ({
  roleArn: "arn:aws:iam::123456789012:role/x",
  region: "us-east-1",
  ...(server === undefined ? {} : { server }),
});
const data = (url: string, ...credentialIds: string[]) => ({ url, credentialIds });
const settings = (more: Partial<Settings>): Settings => ({ version: 1, repositories: [], ...more });
const both = settings({
  server: data(ours, "a"),
  profiles: { plain: profile(), client: profile(theirs), same: profile(ours), again: profile(theirs) },
});

test("the server of a profile that names none, or the default one, is the default one", () => {
  const found = ["plain", "same", "client", "nobody", "constructor", undefined].map((name) => serverOf(name, both));
  expect(found).toEqual([undefined, undefined, theirs, undefined, undefined, undefined]);
  expect([...profileServers(both)]).toEqual([[theirs, ["client", "again"]]]);
});

describe("what is learnt of a server", () => {
  test("stands beside the default one where a profile names it", () => {
    const learnt = withServer(data(theirs, "b"), both);
    expect([learnt.server, learnt.servers]).toEqual([data(ours, "a"), [data(theirs, "b")]]);
    expect([isKnownServer(theirs, both), isKnownServer(theirs, learnt), isKnownServer(ours, both)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("replaces what was known of it", () => {
    const twice = withServer(data(theirs, "c"), withServer(data(theirs, "b"), both));
    expect(twice.servers).toEqual([data(theirs, "c")]);
  });

  test("is of the default one where no profile names it; a former one that a profile names is kept", () => {
    const learnt = withServer(data(other), both);
    expect([learnt.server, learnt.servers]).toEqual([data(other), [data(ours, "a")]]);
    expect(withServer(data(other), settings({ server: data(ours, "a") }))).toEqual(settings({ server: data(other) }));
  });
});

test("a URL is read as the origin that it is, and one with a path is refused", () => {
  const text = JSON.stringify({ version: 1, profiles: { client: profile(`${theirs}/`) } });
  expect(parseSettings(text, "x").profiles!["client"]!.server).toBe(theirs);
  const wrong = JSON.stringify({ version: 1, profiles: { client: profile(`${theirs}/path`) } });
  expect(() => parseSettings(wrong, "x")).toThrow("profiles.client.server: expected https://HOST");
});
