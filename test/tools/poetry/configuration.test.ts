import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  configurationWith,
  indexUrl,
  readConfiguration,
  toToml,
  unguessableName,
} from "../../../src/tools/poetry/configuration.ts";
import { tempFolder } from "../../temp-folder.ts";

const one = { name: "vouch-abc", url: "https://host.example/pypi/my-repo/simple//", token: "t" };

describe("the configuration that poetry reads once", () => {
  test("has our repository before the user's, and the user's settings", () => {
    const own = { "cache-dir": "/c", repositories: { own: { url: "u" } }, "http-basic": { own: { username: "me" } } };
    const read = Bun.TOML.parse(configurationWith(own, [one])) as Record<string, Record<string, unknown>>;
    expect(Object.keys(read["repositories"]!)).toEqual(["vouch-abc", "own"]);
    expect(read).toMatchObject({
      "cache-dir": "/c",
      repositories: { "vouch-abc": { url: one.url }, own: { url: "u" } },
      "http-basic": { "vouch-abc": { username: "aws", password: "t" }, own: { username: "me" } },
    });
  });

  test("merges auth.toml into config.toml, as poetry does", () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "config.toml"), '[http-basic.a]\nusername = "me"\n[solver]\nlazy-wheel = true\n');
    writeFileSync(join(folder.path, "auth.toml"), '[http-basic.a]\npassword = "p"\n');
    expect(readConfiguration(folder.path)).toEqual({
      "http-basic": { a: { username: "me", password: "p" } },
      solver: { "lazy-wheel": true },
    });
  });

  test("is given up for a file that is not TOML", () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "config.toml"), "[");
    expect(readConfiguration(folder.path)).toBeUndefined();
    expect(readConfiguration(join(folder.path, "absent"))).toEqual({});
  });

  test("is TOML that says the same as the tables it was made of", () => {
    const scalar = fc.oneof(fc.string({ unit: "grapheme" }), fc.boolean(), fc.integer(), fc.constant("\u007f\\\"'\n"));
    const key = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text !== "__proto__");
    const value = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 3 }),
      fc.dictionary(key, scalar, { noNullPrototype: true }),
    );
    const table = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value, { noNullPrototype: true })), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(table, (document) => {
        expect(Bun.TOML.parse(toToml(document))).toEqual(document as object);
      }),
      { numRuns: propertyRuns },
    );
  });

  test("has another name and URL in each run, of letters only", () => {
    const names = new Set(Array.from({ length: 50 }, () => unguessableName("vouch")));
    expect(names.size).toBe(50);
    for (const name of names) expect(name).toMatch(/^vouch-[a-z]{24}$/);
    const urls = new Set(Array.from({ length: 50 }, () => indexUrl("https://host.example/pypi/my-repo/", 1)));
    expect(urls.size).toBeGreaterThan(10);
    for (const url of urls) expect(url).toMatch(/^https:\/\/host\.example\/pypi\/my-repo\/simple\/{2,}$/);
  });
});
