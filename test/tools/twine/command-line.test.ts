import { describe, expect, test } from "bun:test";
import { parseTwine } from "../../../src/tools/twine/command-line.ts";

const parse = (line: string, env = {}) => parseTwine(line.split(" "), env);

describe("twine's command line", () => {
  test.each(["check dist/x", "--version", "-h", "upload.py", ""])("leads nowhere: %j", (line) => {
    expect(parse(line)).toBeUndefined();
  });

  test.each([
    ["upload x", "pypi"],
    ["upload -r company x", "company"],
    ["upload -rcompany x", "company"],
    ["upload -srcompany x", "company"],
    ["upload --repository=company x", "company"],
    ["register --repository company x", "company"],
    ["upload -r other -r company x", "company"],
    ["--no-color upload -r company x", "company"],
    ["upload x -- -r other", "pypi"],
  ])("leads to a name: %s", (line, name) => {
    expect(parse(line)).toMatchObject({ name, hasCredentials: false, hasCertificate: false });
    expect(parse(line)?.url).toBeUndefined();
  });

  test.each(["--repository-url=u", "--repository-url u", "--repository-u u", "-r company --repository-url u"])(
    "leads to a URL: %s",
    (options) => {
      expect(parse(`upload ${options} x`)).toMatchObject({ url: "u" });
    },
  );

  test("takes what is missing from the environment, and not what is there", () => {
    expect(parse("upload x", { TWINE_REPOSITORY: "n", TWINE_REPOSITORY_URL: "u" })).toMatchObject({
      name: "n",
      url: "u",
    });
    expect(
      parse("upload -r m --repository-url v x", { TWINE_REPOSITORY: "n", TWINE_REPOSITORY_URL: "u" }),
    ).toMatchObject({ name: "m", url: "v" });
  });

  test.each([
    ["-u me", true],
    ["-u aws", false],
    ["-p secret", true],
    ["--password=secret", true],
    ["--pass secret", true],
    ["--cert ca.pem", false],
  ])("knows whether there are credentials of the person's own: %s", (options, hasCredentials) => {
    expect(parse(`upload ${options} x`)).toMatchObject({
      hasCredentials,
      hasCertificate: options.startsWith("--cert"),
    });
  });
});
