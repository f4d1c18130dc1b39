import { describe, expect, test } from "bun:test";
import { parseCreationOptions, parseRequestOptions } from "../../../src/fido/webauthn/options.ts";

const origin = "https://vouch.example.com";
const challenge = "A".repeat(43);

/** The VouchError that the options of a login end in. */
const refused = (options: unknown, from = origin) => expect(() => parseRequestOptions(options, from));

describe("options of the server are refused by the type of the fault, never quoted", () => {
  test.each<[string, unknown, string]>([
    ["no object", "\u001b[2Jhello", "options: Expected Object, got another string."],
    ["nothing", undefined, "options: Expected Object, got none."],
    ["a list that is none", { challenge, allowCredentials: "x".repeat(70_000) }, "Expected Array, got another string."],
    [
      "an entry that is null",
      { challenge, allowCredentials: [null] },
      "allowCredentials.0: Expected Object, got null.",
    ],
    ["an array as a challenge", { challenge: [] }, "challenge: Expected string, got an array."],
    [
      "another type of credential",
      { challenge, allowCredentials: [{ id: "AAAA", type: "\u202esecret" }] },
      'allowCredentials.0.type: Expected "public-key", got another string.',
    ],
    ["an RP ID with a line end", { challenge, rpId: "vouch\n.example.com" }, "rpId: Expected a domain."],
  ])("when there is: %s", (_, options, message) => {
    refused(options).toThrow(
      expect.objectContaining({ code: "protocol_error", message: expect.stringMatching(/^[\x20-\x7e]{1,200}$/) }),
    );
    refused(options).toThrow(message);
  });
});

test("an origin of the server that is no URL is refused", () => {
  refused({ challenge }, "vouch.example.com").toThrow(
    expect.objectContaining({ code: "protocol_error", message: "Expected the server's URL as the origin." }),
  );
});

test("the RP ID is the origin's host, also where the server names none", () => {
  expect(parseRequestOptions({ challenge }, `${origin}:8443/path`).rpId).toBe("vouch.example.com");
  const creation = { rp: { name: "Vouch" }, user: { id: "AAAA", name: "dev" }, challenge, pubKeyCredParams: [] };
  expect(parseCreationOptions(creation, "http://[::1]:8080").rpId).toBe("[::1]");
});
