import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { argumentsOf, masked, maskArguments } from "../../../src/base/process/masked-arguments.ts";
import { until } from "../../agent/harness.ts";

describe("of an argument list the record keeps what a program does, and nothing that may be secret", () => {
  test.each<[string, string]>([
    ["cargo build --release", "cargo build --release"],
    ["/usr/bin/python3.12 -m pip install requests", "python3.12 -m pip install ***"],
    ["/home/jane/tools/python -c print(1)", "python -c ***"],
    ["npm install lodash@4.17.21", "npm install ***"],
    ["npm ci --silent test", "npm ci --silent test"],
    ["npm publish --otp 123456", "npm publish --otp ***"],
    ["twine upload -u aws -p hunter", "twine upload -u *** -p ***"],
    ["mysql -phunter", "*** ***"],
    ["pip install --index-url=https://aws:secret@host/x", "pip install --index-url=***"],
    ["git clone https://user:pass@host/x", "git *** ***"],
    ["env AWS_SECRET_ACCESS_KEY=abc cargo build", "env *** cargo build"],
    ["sh -c build", "sh -c ***"],
    ["-bash", "-bash"],
    ["/tmp/hunter2/my-secret-tool run", "*** run"],
    ["cargo run -- install", "cargo run -- install"],
    ["cargo login token", "cargo login ***"],
    ["npm --password install", "npm --password ***"],
    ["npm --=x run", "npm *** run"],
  ])("%s", (line, shown) => expect(maskArguments(line.split(" ")).join(" ")).toBe(shown));

  test("a title of its own that a program has written is masked as its words are", () =>
    expect(maskArguments(["npm install @acme/secret --token abc"])).toEqual([
      "npm",
      "install",
      masked,
      "--token",
      masked,
    ]));

  test("of many arguments the first", () => {
    const shown = maskArguments(["cargo", ...Array.from({ length: 99 }, () => "build")]);
    expect([shown.length, shown.at(-1)]).toEqual([25, "…"]);
  });

  test.skipIf(process.platform !== "linux")("of a process as the system has them", async () => {
    await using child = Bun.spawn(["sh", "-c", "read x", "--password", "hunter2"], { stdin: "pipe" });
    // They are empty for a moment while a program begins.
    await until(() => argumentsOf(child.pid) !== undefined);
    expect(argumentsOf(child.pid)).toEqual(["sh", "-c", masked, "--password", masked]);
    child.kill();
  });

  test("of a process that is gone nothing", () => expect(argumentsOf(2 ** 30)).toBeUndefined());
});

describe("no planted secret gets through", () => {
  const letters = (alphabet: string, minLength: number, maxLength = 64) =>
    fc.string({ unit: fc.constantFrom(...alphabet.split("")), minLength, maxLength });
  const base64url = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  // Each begins with what no flag or known word has, or is longer than any.
  const secret = fc.oneof(
    letters(base64url, 20).map((text) => `eyJ${text}`),
    fc.tuple(letters(base64url, 10), letters(base64url, 10), letters(base64url, 10)).map((parts) => parts.join(".")),
    letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 16).map((text) => `AKIA${text}`),
    letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 16).map((text) => `ASIA${text}`),
    letters("0123456789abcdef", 20).map((text) => `0${text}`),
    letters("abcdefghijklmnopqrstuvwxyz", 20),
    letters(base64url, 8).map((text) => `npm_${text}`),
    letters(base64url, 8).map((text) => `https://aws:${text}@host.example/x`),
    letters("abcdefghijklmnopqrstuvwxyz", 3, 9).map((text) => `q${text}9`),
    fc.string({ minLength: 1 }).map((text) => `Zz9-${text.replaceAll("\0", "")}`),
  );
  const place = fc.constantFrom<(secret: string) => string[]>(
    (text) => [text],
    (text) => ["--password", text],
    (text) => [`--token=${text}`],
    (text) => ["-p", text],
    (text) => [`-p${text}`],
    (text) => [`TOKEN=${text}`],
    (text) => [`--${text}`],
    (text) => ["-c", `curl -H "authorization: ${text}"`],
    (text) => [`https://host/${text}`],
    (text) => [`@acme/${text}`],
    (text) => ["--", text],
    (text) => ["install", text, "--global", text],
  );
  const word = fc.constantFrom("install", "build", "--release", "-v", "--otp", "x", "--");

  test("wherever it is", () =>
    fc.assert(
      fc.property(
        fc.constantFrom("npm", "/usr/bin/cargo", "python3", "sh"),
        fc.array(word, { maxLength: 5 }),
        secret,
        place,
        fc.array(word, { maxLength: 5 }),
        (program, before, text, where, after) => {
          const shown = maskArguments([program, ...before, ...where(text), ...after]).join(" ");
          expect(shown).not.toContain(text);
          // Nor a part of it that is long enough to matter.
          if (text.length >= 16) expect(shown).not.toContain(text.slice(4, 14));
        },
      ),
      { numRuns: 3_000 },
    ));

  test("not as the program's name or title either", () =>
    fc.assert(
      fc.property(secret, (text) => {
        for (const name of [text, `/opt/${text}/bin/${text}`, `npm install ${text}`, `npm ${text} install`]) {
          expect(maskArguments([name]).join(" ")).not.toContain(text);
        }
      }),
      { numRuns: 1_000 },
    ));

  test("a value of a flag never, whatever it is, if it is no flag itself", () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.startsWith("-")),
        fc.constantFrom("--otp", "-p", "--token", "--registry"),
        (text, flag) => expect(maskArguments(["npm", flag, text])).toEqual(["npm", flag, masked]),
      ),
      { numRuns: 1_000 },
    ));
});
