/**
 * Conditions are decided as the IAM User Guide has it. Most rows are cases of its pages on condition operators, on
 * multivalued keys, on policy variables, and on the keys of IAM and STS.
 */
import { describe, expect, test } from "bun:test";
import type { ContextValues } from "./context.ts";
import type { PolicyDocument, Statement } from "./document.ts";
import { evaluate } from "./evaluate.ts";

type Condition = NonNullable<Statement["Condition"]>;
type Row = [title: string, condition: Condition, context: ContextValues, holds: boolean];

/** Whether a statement with the condition applies; seen by an Allow, and by a Deny that must agree. */
function holds(
  Condition: Condition,
  context: ContextValues,
  Version: PolicyDocument["Version"] = "2012-10-17",
): boolean {
  const decide = (Effect: Statement["Effect"]) =>
    evaluate(
      { Version, Statement: [{ Effect, Action: "sts:AssumeRole", Condition }] },
      { action: "sts:AssumeRole", context },
    );
  const allowed = decide("Allow") === "allowed";
  expect(decide("Deny")).toBe(allowed ? "explicit deny" : "implicit deny");
  return allowed;
}

const is = (operator: string, value: string | string[], key = "aws:PrincipalTag/job"): Condition => ({
  [operator]: { [key]: value },
});
const job = (value?: string): ContextValues => ({ "aws:PrincipalTag/job": value });
const tagKeys = (...keys: string[]): ContextValues => ({ "aws:TagKeys": keys });

describe("text is compared", () => {
  test.each<Row>([
    ["exactly", is("StringEquals", "admin"), job("admin"), true],
    ["with its case", is("StringEquals", "admin"), job("Admin"), false],
    ["without wildcards", is("StringEquals", "adm*"), job("admin"), false],
    ["without wildcards, which mean themselves", is("StringEquals", "adm*"), job("adm*"), true],
    ["with a key of another case", { StringEquals: { "AWS:principaltag/JOB": "admin" } }, job("admin"), true],
    ["with one of several", is("StringEquals", ["dev", "admin"]), job("admin"), true],
    ["with none of several", is("StringEquals", ["dev", "ops"]), job("admin"), false],
    ["where the key is missing", is("StringEquals", "admin"), job(), false],
    ["where the value is empty", is("StringEquals", ""), job(""), true],
    ["ignoring case", is("StringEqualsIgnoreCase", "ADMIN"), job("admin"), true],
    ["ignoring case, but not more", is("StringEqualsIgnoreCase", "ADMINS"), job("admin"), false],
    ["by a pattern", is("StringLike", "adm*"), job("admin"), true],
    ["by a pattern for no text at all", is("StringLike", "admin*"), job("admin"), true],
    ["by a pattern with its case", is("StringLike", "ADM*"), job("admin"), false],
    ["by a pattern for one character", is("StringLike", "admi?"), job("admin"), true],
    ["by a pattern for one character, not none", is("StringLike", "admin?"), job("admin"), false],
    ["by a pattern that must fit the whole", is("StringLike", "dm*"), job("admin"), false],
    ["by any pattern of several", is("StringLike", ["x*", "*min"]), job("admin"), true],
    ["by a pattern across lines and slashes", is("StringLike", "a*z"), job("a/b\nz"), true],
    ["by a pattern where the key is missing", is("StringLike", "*"), job(), false],
    ["by a pattern with what regular expressions know", is("StringLike", "a.c"), job("abc"), false],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("text must not match", () => {
  test.each<Row>([
    ["and does not", is("StringNotEquals", "admin"), job("dev"), true],
    ["but does", is("StringNotEquals", "admin"), job("admin"), false],
    ["one of several, but does", is("StringNotEquals", ["dev", "admin"]), job("admin"), false],
    ["any of several, and does not", is("StringNotEquals", ["dev", "ops"]), job("admin"), true],
    ["but in another case, which is another text", is("StringNotEquals", "admin"), job("Admin"), true],
    ["in any case, but does", is("StringNotEqualsIgnoreCase", "ADMIN"), job("admin"), false],
    ["a pattern, but does", is("StringNotLike", "adm*"), job("admin"), false],
    ["a pattern, and does not", is("StringNotLike", "adm*"), job("dev"), true],
    ["and its key is missing", is("StringNotEquals", "admin"), job(), true],
    ["a pattern, and its key is missing", is("StringNotLike", "*"), job(), true],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("a key that may be missing", () => {
  test.each<Row>([
    ["is missing", is("StringEqualsIfExists", "admin"), job(), true],
    ["is there, and right", is("StringEqualsIfExists", "admin"), job("admin"), true],
    ["is there, and wrong", is("StringEqualsIfExists", "admin"), job("dev"), false],
    ["is missing for a pattern", is("StringLikeIfExists", ["t1.*", "t2.*"]), job(), true],
    ["is missing and must not match", is("StringNotEqualsIfExists", "admin"), job(), true],
    ["is missing for a truth value", is("BoolIfExists", "true", "aws:MultiFactorAuthPresent"), {}, true],
    ["leaves the other keys of the operator alone", { StringEqualsIfExists: { a: "1", b: "2" } }, { b: "3" }, false],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("Null asks for the key", () => {
  test.each<Row>([
    ["that must be missing, and is", is("Null", "true", "aws:TokenIssueTime"), {}, true],
    [
      "that must be missing, and is there",
      is("Null", "true", "aws:TokenIssueTime"),
      { "aws:TokenIssueTime": "x" },
      false,
    ],
    ["that must be there, and is", is("Null", "false"), job("x"), true],
    ["that must be there, and is missing", is("Null", "false"), job(), false],
    ["that must be there, and is an empty list", is("Null", "false", "aws:TagKeys"), tagKeys(), false],
    ["that must be there, and is a list", is("Null", "false", "aws:TagKeys"), tagKeys("a"), true],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("a truth value", () => {
  const secure = (value: string | undefined): ContextValues => ({ "aws:SecureTransport": value });
  test.each<Row>([
    ["is true", is("Bool", "true", "aws:SecureTransport"), secure("true"), true],
    ["is false", is("Bool", "true", "aws:SecureTransport"), secure("false"), false],
    ["is written in another case", is("Bool", "True", "aws:SecureTransport"), secure("true"), true],
    ["is missing", is("Bool", "false", "aws:SecureTransport"), secure(undefined), false],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("a key with several values", () => {
  const all = (operator: string, ...values: string[]) => is(`ForAllValues:${operator}`, values, "aws:TagKeys");
  const any = (operator: string, ...values: string[]) => is(`ForAnyValue:${operator}`, values, "aws:TagKeys");
  test.each<Row>([
    ["has no value that is not listed", all("StringEquals", "A", "B", "C"), tagKeys("A", "B"), true],
    ["has a value that is not listed", all("StringEquals", "A", "B", "C"), tagKeys("A", "X"), false],
    ["has none at all, and every one is listed", all("StringEquals", "A"), tagKeys(), true],
    ["is missing, and every one is listed", all("StringEquals", "A"), {}, true],
    ["is empty text, and every one is listed", all("StringEquals", "A"), tagKeys(""), true],
    ["has patterns for every value", all("StringLike", "vouch:*"), tagKeys("vouch:sub", "vouch:key"), true],
    ["has a value without a pattern", all("StringLike", "vouch:*"), tagKeys("vouch:sub", "role"), false],
    ["has none of those that are forbidden", all("StringNotEquals", "ID"), tagKeys("A", "B"), true],
    ["has one of those that are forbidden", all("StringNotEquals", "ID"), tagKeys("A", "ID"), false],
    ["has one that is listed", any("StringEquals", "ID", "Date"), tagKeys("User", "Date"), true],
    ["has none that is listed", any("StringEquals", "ID", "Date"), tagKeys("User"), false],
    ["is missing, and one should be listed", any("StringEquals", "ID"), {}, false],
    ["is empty, and one should be listed", any("StringEquals", "ID"), tagKeys(""), false],
    ["is missing, and IfExists does not help", any("StringEqualsIfExists", "ID"), {}, false],
    ["has one besides those that are named", any("StringNotEquals", "A"), tagKeys("A", "B"), true],
    ["has only those that are named", any("StringNotEquals", "A"), tagKeys("A"), false],
    ["is asked for without a set operator", is("StringEquals", "A", "aws:TagKeys"), tagKeys("A"), false],
    ["has one value only, of a key that others have once", any("StringLike", "ad*"), { "aws:TagKeys": "admin" }, true],
    ["must be there besides", { ...all("StringEquals", "A"), ...is("Null", "false", "aws:TagKeys") }, {}, false],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

describe("a variable", () => {
  const name = (operator: string, text: string) => is(operator, text, "sts:RoleSessionName");
  const context: ContextValues = {
    "sts:RoleSessionName": "alice",
    "aws:username": "alice",
    "idp.example.com:sub": "alice",
    "idp.example.com/realms/main:sub": "bob",
    "aws:RequestTag/who": "alice",
    "aws:PrincipalTag/pattern": "a*",
    "sts:SourceIdentity": "Alice",
    "aws:TagKeys": ["alice"],
  };
  test.each<Row>([
    ["is the value of its key", name("StringEquals", "${aws:username}"), context, true],
    ["is the value of its key in any case of the name", name("StringEquals", "${AWS:UserName}"), context, true],
    ["is a provider's subject", name("StringEquals", "${idp.example.com:sub}"), context, true],
    ["is that of a provider with a path", name("StringEquals", "${idp.example.com/realms/main:sub}"), context, false],
    ["is a tag of the request", name("StringEquals", "${aws:RequestTag/who}"), context, true],
    ["keeps the case of the value", name("StringEquals", "${sts:SourceIdentity}"), context, false],
    [
      "stands in a pattern",
      name("StringLike", "${aws:username}*"),
      { ...context, "sts:RoleSessionName": "alice2" },
      true,
    ],
    [
      "stands within text",
      name("StringEquals", "x-${aws:username}"),
      { ...context, "sts:RoleSessionName": "x-alice" },
      true,
    ],
    ["brings no pattern with it", name("StringLike", "${aws:PrincipalTag/pattern}"), context, false],
    ["that is missing equals nothing", name("StringEquals", "${aws:PrincipalTag/none}"), context, false],
    ["that is missing is not even like empty text", name("StringLike", "*${aws:PrincipalTag/none}"), context, false],
    [
      "that is missing is not equal, so that must-not holds",
      name("StringNotEquals", "${aws:PrincipalTag/none}"),
      context,
      true,
    ],
    [
      "that is missing leaves the other values",
      is("StringEquals", ["${aws:none}", "alice"], "aws:username"),
      context,
      true,
    ],
    ["has a default", name("StringEquals", "${aws:PrincipalTag/none, 'alice'}"), context, true],
    ["has a default that is not needed", name("StringEquals", "${aws:username, 'bob'}"), context, true],
    ["has a default of no text", name("StringEquals", "alice${aws:none, ''}"), context, true],
    ["cannot be a key with several values", name("StringEquals", "${aws:TagKeys}"), context, false],
    ["stands for an asterisk", is("StringLike", "a${*}"), job("a*"), true],
    ["stands for an asterisk and no other text", is("StringLike", "a${*}"), job("ab"), false],
    ["stands for a question mark", is("StringLike", "a${?}"), job("a?"), true],
    ["stands for a dollar", is("StringEquals", "${$}{aws:username}"), job("${aws:username}"), true],
    ["that is not closed is text", is("StringEquals", "${aws:username"), job("${aws:username"), true],
  ])("%s", (_, condition, values, expected) => expect(holds(condition, values)).toBe(expected));

  test("is text in a policy of an older version, or of none", () => {
    const own = name("StringEquals", "${aws:username}");
    for (const version of ["2008-10-17", undefined] as const) {
      const Statement = [{ Effect: "Allow", Action: "*", Condition: own } as const];
      const policy = version === undefined ? { Statement } : { Version: version, Statement };
      const decide = (session: string) =>
        evaluate(policy, { action: "sts:AssumeRole", context: { ...context, "sts:RoleSessionName": session } });
      expect([decide("alice"), decide("${aws:username}")]).toEqual(["implicit deny", "allowed"]);
    }
  });
});

describe("several conditions", () => {
  const both: Condition = { StringEquals: { a: "1", b: ["2", "3"] }, StringLike: { c: "*" } };
  test.each<Row>([
    ["hold", both, { a: "1", b: "3", c: "x" }, true],
    ["fail by one key", both, { a: "1", b: "4", c: "x" }, false],
    ["fail by one operator", both, { a: "1", b: "2" }, false],
    ["that are none hold", {}, {}, true],
  ])("%s", (_, condition, context, expected) => expect(holds(condition, context)).toBe(expected));
});

test("an operator that the sandbox does not know is an error, not an answer", () => {
  for (const operator of [
    "NumericEquals",
    "ArnLike",
    "stringequals",
    "StringEqualsifexists",
    "Constructor",
    "toString",
  ]) {
    expect(() => holds(is(operator, "1"), job("1"))).toThrow(`does not know the condition operator ${operator}`);
  }
});
