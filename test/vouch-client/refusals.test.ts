import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { endedHint, loginHints } from "../../src/vouch-client/refusals.ts";

const oauth = join(import.meta.dir, "../../src/server/oauth");

/** Each reason of the server for `invalid_grant`, and whether logging in again is of use. */
const again = {
  login: {
    "The login took longer than five minutes or was finished before.": true,
    "The sessions of this account were ended while this login was under way.": true,
    "The signature counter of the security key did not rise.": true,
    "This security key is not enrolled with this server.": false,
    "The administrator has disabled this account.": false,
  },
  "code/redeem": {
    "The code was made for another login.": true,
    "The code has expired.": true,
    "The code is not known, or was used before.": true,
    "The sessions of this account were ended while this login was under way.": true,
    "The administrator has disabled this account.": false,
  },
  token: {
    "The session is not known, or its security key was removed.": true,
    "The session was revoked.": true,
    "The session has expired.": true,
    "This server lets nobody in by a browser any more.": true,
    "The administrator has disabled this account.": false,
  },
} as const;

describe.each(["login", "code/redeem", "token"] as const)("%s", (name) => {
  test("every reason of the server has its hint", () => {
    const text = readFileSync(join(oauth, `${name}.ts`), "utf8");
    const reasons = [...text.matchAll(/new OAuthError\("invalid_grant", "([^"]+)"/g)].map(([, reason]) => reason!);
    expect(new Set(reasons)).toEqual(new Set(Object.keys(again[name])));
  });

  test.each(Object.entries(again[name]))("%s — log in again: %p", (reason, isOfUse) => {
    const login = name === "code/redeem" ? "vouch login --browser" : "vouch login";
    const hint = name === "token" ? endedHint(reason) : loginHints("invalid_grant", reason, login).hint;
    expect(hint.startsWith(`Run \`${login}\``)).toBe(isOfUse);
    if (reason.startsWith("The code")) expect(hint).toContain("open the page that it names");
    if (reason.includes("disabled")) expect(hint).toContain("Ask the people who run your Vouch server");
  });
});

test.each([
  ["it is a passkey that can be synced; use a security key, which cannot be copied", "with another of your keys"],
  ["it was made for another RP ID", "vouch login --server URL"],
  ["the signature is wrong", "tell the people who run your Vouch server"],
])("a key's answer that is not accepted, as %s, says what to do", (reason, expected) => {
  const description = `The answer of the security key was not accepted: ${reason}.`;
  expect(loginHints("invalid_grant", description).hint).toContain(expected);
});

test("whom the identity provider lets in no more is sent there", () => {
  const description = "The company's identity provider lets you in no more (invalid_grant).";
  expect(loginHints("invalid_grant", description).hint).toStartWith("Sign in there once");
});

test("a login that the server does not understand wants another version", () => {
  expect(loginHints("unsupported_grant_type", "").hint).toContain("Update vouch");
});

test("the guided set-up goes on with itself", () => {
  expect(loginHints("invalid_grant", "").guidedHint).toBe("Run `vouch enroll` again.");
});
