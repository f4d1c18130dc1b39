/** Files that a tool has written anew between setup and removal: without comments, so without marks and replaced lines. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { replacedBy } from "../../src/editing/block.ts";
import { readIni } from "../../src/editing/configparser.ts";
import { dropNpmRegistry, setNpmRegistry, unsetNpmRegistry } from "../../src/tools/npm/config-file.ts";
import { dropPipIndex, setPipIndex } from "../../src/tools/pip/config-file.ts";
import { unsetCargoRegistry, setCargoRegistry } from "../../src/tools/cargo/config-file.ts";

const id = "my-domain/my-repo 123456789012 us-east-1";
const file = "/home/dev/some.conf";

/** What npm reads, and writes after `npm config set other=1`: the last of each key, no comments. */
function npmValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([^;#\s=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, value!);
  }
  return values;
}

const npmWrites = (text: string): string =>
  [...npmValues(text).set("other", "1")].map(([key, value]) => `${key}=${value}\n`).join("");

const npmLine = fc.constantFrom(
  "registry=https://one.example/",
  " registry = https://two.example/",
  "@acme:registry=https://three.example/",
  "save-exact=true",
  "; registry=https://comment.example/",
  "#registry=https://comment.example/",
  "registry-like=x",
  "",
);

test("after npm has rewritten the file, what was in force before the setup is in force after the removal", () => {
  const endpoint = "https://ours.example/npm/my-repo/";
  fc.assert(
    fc.property(fc.array(npmLine), fc.subarray(["@acme", "@other"]), fc.boolean(), (lines, scopes, again) => {
      const text = lines.map((line) => `${line}\n`).join("");
      let edited = setNpmRegistry(text, id, { endpoint, scopes }, file).text;
      let replaced = replacedBy(edited, id, file)!.lines;
      if (again) {
        const restored = dropNpmRegistry(npmWrites(edited), { endpoint, scopes }, replaced)!;
        edited = setNpmRegistry(restored, id, { endpoint, scopes }, file).text;
        replaced = replacedBy(edited, id, file)!.lines;
      }
      const after = dropNpmRegistry(npmWrites(edited), { endpoint, scopes }, replaced)!;
      expect(npmValues(after)).toEqual(npmValues(`${text}other=1`));
    }),
  );
});

/** What pip reads; it writes the same anew, without comments. */
const pipValues = (text: string): Record<string, string> =>
  Object.fromEntries(
    readIni(text.split("\n")).options.map(({ section, name, value }) => [`${section} ${name}`, value]),
  );

function pipWrites(text: string): string {
  const { sections, options } = readIni(text.split("\n"));
  return [...sections.keys()]
    .map((section) => {
      const lines = options.filter((option) => option.section === section);
      return `[${section}]\n${lines.map(({ name, value }) => `${name} = ${value.replaceAll("\n", "\n\t")}\n`).join("")}\n`;
    })
    .join("");
}

const pipOption = fc.constantFrom(
  ["index-url = https://one.example/simple"],
  ["Index_URL: https://two.example/simple"],
  ["keyring-provider = import"],
  ["timeout = 5", "# index-url = https://comment.example/"],
  ["extra-index-url =", "  https://three.example/simple", "  https://four.example/simple"],
);

test("after pip has rewritten the file, what was in force before the setup is in force after the removal", () => {
  const index = "https://aws@ours.example/pypi/my-repo/simple/";
  const options = fc.uniqueArray(pipOption, {
    selector: ([line = ""]) => line.toLowerCase().replace("_", "-").split(/[=:]/)[0],
  });
  fc.assert(
    fc.property(options, fc.boolean(), (groups, hasOther) => {
      const text = ["[global]", ...groups.flat(), ...(hasOther ? ["[install]", "user = yes"] : []), ""].join("\n");
      const edited = setPipIndex(text, id, index, file).text;
      const after = dropPipIndex(pipWrites(edited), index, replacedBy(edited, id, file)!.lines)!;
      const normal = (values: Record<string, string>) =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [key.replace("_", "-"), value]));
      expect(normal(pipValues(after))).toEqual(normal(pipValues(text)));
    }),
  );
});

describe("a line is ours only as a whole and with our value", () => {
  const endpoint = "https://ours.example/npm/my-repo/";
  test.each([
    `# registry=${endpoint}`,
    `xregistry=${endpoint}`,
    `registry=${endpoint}x`,
    `registry=x${endpoint}`,
    `registry =${endpoint}`,
    `@a b:registry=${endpoint}`,
    `@acme:registry=https://mine.example/`,
    "registry=",
  ])("so that npm's line %s stays the user's", (line) => {
    const edited = setNpmRegistry("a=1\n", id, { endpoint, scopes: [] }, file).text;
    const changed = edited.replace(`registry=${endpoint}`, `registry=${endpoint}\n${line}`);
    expect(unsetNpmRegistry(changed, id, { file, endpoints: [endpoint] })).toBe(`a=1\n${line}\n`);
  });

  const index = "sparse+https://ours.example/cargo/my-repo/";
  const own = { file, indexes: [index], executables: ["/opt/vouch-beta"] };
  test.each([
    `# index = "${index}"`,
    `xindex = "${index}"`,
    `index = "${index}x"`,
    `index = ["${index}"]`,
    `# credential-provider = "/usr/bin/vouch"`,
    `credential-provider = "/usr/bin/vouch-not"`,
    `credential-provider = ["/usr/bin/vouch", "more"]`,
    `credential-provider = 1`,
    "# [registries.x]",
  ])("so that Cargo's line %s stays the user's", (line) => {
    const registry = { name: "r", index, credentialProvider: "/usr/bin/vouch" };
    const edited = setCargoRegistry("a = 1\n", id, registry, file).text;
    const ours = line.includes("credential-provider =") ? /^credential-provider = .*$/m : /^index = .*$/m;
    const left = unsetCargoRegistry(edited.replace(ours, line), id, own);
    expect(left).toBe(`a = 1\n[registries.r]\n${line}\n`);
  });

  test.each(['"/usr/bin/vouch"', '["/old/place/vouch"]', '"vouch"', '"/opt/vouch-beta"'])(
    "and Cargo's provider %s is ours",
    (value) => {
      const registry = { name: "r", index, credentialProvider: "/usr/bin/vouch" };
      const edited = setCargoRegistry("a = 1\n", id, registry, file).text;
      const changed = edited.replace(/^credential-provider = .*$/m, `credential-provider = ${value}`);
      expect(unsetCargoRegistry(changed, id, own)).toBe("a = 1\n");
    },
  );
});
