import { expect, test } from "bun:test";
import fc from "fast-check";
import { helperLine, setCredentialHelper, unsetCredentialHelper } from "../../../src/tools/bazel/config-file.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { id } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { rejection } from "../../rejection.ts";

const other = "my-domain/other 123456789012 us-east-1";
const file = "/home/dev/.bazelrc";
const helper = "/home/dev/.local/share/vouch/shims/vouch-credential-helper";
const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const endpoint = `https://${host}/maven/my-repo/`;

const set = (text: string | undefined, of = id): string =>
  setCredentialHelper(text, of, { endpoint, helper, file }).text;
const unset = (text: string, of = id): string | undefined => unsetCredentialHelper(text, of, { file });

test("the host's helper is set in a new file", () => {
  expect(set(undefined).split("\n")[1]).toBe(`common --credential_helper=${host}=${helper}`);
  expect(unset(set(undefined))).toBeUndefined();
});

test("a path with a blank is quoted, and known again", () => {
  const line = helperLine(endpoint, "/home/a b/vouch-credential-helper");
  expect(line).toBe(`common "--credential_helper=${host}=/home/a b/vouch-credential-helper"`);
  const edited = setCredentialHelper("", id, { endpoint, helper: "/home/a b/vouch-credential-helper", file }).text;
  expect(unset(edited)).toBe("");
});

test("a file whose last line is continued is refused", async () => {
  const error = await rejection(Promise.try(() => set("build --jobs=1 \\")));
  expect(error).toMatchObject({ code: "edit_conflict" });
});

const pool = [
  "build --jobs=1",
  "common --credential_helper=other.example=/x/helper",
  `common --credential_helper=${host}=/x/helper`,
  "import %workspace%/x.bazelrc",
  "build --copt=-O2 \\",
  "  --copt=-g",
  "# common",
  `build "--copt=a b"`,
];

test("in any .bazelrc an edit is repeated without change and undone to the byte, or refused", () => {
  const earlier = { set: (text: string) => set(text, other), unset: (text: string) => unset(text, other) };
  expectUndoable(
    fc.record({ text: configTexts(pool), hasOther: fc.boolean() }).map(({ text, hasOther }) => ({
      text,
      set: (before) => set(before),
      unset,
      earlier: hasOther ? earlier : undefined,
      says(edited) {
        const options = edited.split(/\r?\n/).filter((line) => line.includes("--credential_helper="));
        expect(options.at(-1)).toBe(helperLine(endpoint, helper));
      },
    })),
  );
});
