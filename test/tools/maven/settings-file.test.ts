import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { deploymentVariable, secretId } from "../../../src/tools/maven/names.ts";
import { setMavenRepository, unsetMavenRepository } from "../../../src/tools/maven/settings-file.ts";
import { xmlTexts } from "../../editing/xml-texts.ts";
import { requires } from "../../requires.ts";

const file = "/home/dev/.m2/settings.xml";

function repositoryOf(name: string, isExtra = false) {
  const digits = Buffer.from(name.padEnd(8, "x")).toString("hex").slice(0, 16).toUpperCase();
  return {
    domain: "my-domain",
    repository: name,
    endpoint: `https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/${name}/`,
    tokenVariable: `VOUCH_TOKEN_${digits}`,
    isExtra,
    id: `my-domain/${name} 123456789012 us-east-1`,
  };
}
const repositories = [repositoryOf("my-repo"), repositoryOf("other--"), repositoryOf("beside", true)];
const endpoints = repositories.map(({ endpoint }) => endpoint);

const set = (text: string | undefined, { id, ...repository }: (typeof repositories)[number]): string =>
  setMavenRepository(text, id, repository, { file, endpoints }).text;
const unset = (text: string, { id }: { id: string }, onKept?: (text: string) => void): string | undefined =>
  unsetMavenRepository(text, id, { file, endpoints, ...(onKept ? { onKept } : {}) });

/** Settings with elements of the user's own. */
const texts = xmlTexts(
  "settings",
  ["servers", "mirrors", "profiles", "activeProfiles", "proxies"],
  ["<!-- mine -->", "<mine><id>x</id></mine>"],
);

test("twice is once, and a removal in any order restores every byte", () => {
  fc.assert(
    fc.property(
      fc.option(texts, { nil: undefined }),
      fc.shuffledSubarray(repositories, { minLength: 1 }),
      fc.boolean(),
      (text, added, backwards) => {
        let edited = text;
        for (const repository of added) edited = set(edited, repository);
        const last = added.at(-1)!;
        expect(set(edited, last)).toBe(edited!);
        for (const repository of backwards ? added.toReversed() : added) edited = unset(edited!, repository);
        expect(edited).toBe(text);
      },
    ),
    { numRuns: propertyRuns },
  );
});

test("the secret id stands beside the credentials and in a mirror, and in nothing that a project reads", () => {
  const text = set(undefined, repositories[0]!);
  const { tokenVariable } = repositories[0]!;
  const secret = secretId(tokenVariable);
  const places = [...text.matchAll(/<(\w+)>\s*<id>(.*?)<\/id>/g)].flatMap(([, name, id]) =>
    id === secret ? [name] : [],
  );
  expect(places).toEqual(["server", "mirror"]);
  expect(text.split(secret)).toHaveLength(3);
  // A build log has the id, which is not to tell the variable's name.
  expect(secret).not.toContain(tokenVariable.slice(-16).toLowerCase());
});

test("the id of a deployment is a variable's, whose name follows from no id", () => {
  const { tokenVariable } = repositories[0]!;
  const text = set(undefined, repositories[0]!);
  const variable = deploymentVariable(tokenVariable);
  expect(text).toContain(`<id>\${env.${variable}}</id>\n      <username>aws</username>`);
  expect(text.split(variable)).toHaveLength(2);
  const digits = variable.slice(-16).toLowerCase();
  expect([secretId(tokenVariable), tokenVariable.toLowerCase()].filter((name) => name.includes(digits))).toEqual([]);
});

test("the repository that was set up last is the mirror of everything, before those of the user", () => {
  const user = "<settings><mirrors><mirror><id>corp</id><mirrorOf> * </mirrorOf></mirror></mirrors></settings>";
  const { id, ...repository } = repositories[0]!;
  const { text, warnings } = setMavenRepository(user, id, repository, { file, endpoints });
  expect(warnings).toEqual([
    `${file} has the mirror corp of *, which this repository now comes before: Maven asks this repository for what that one served.`,
  ]);
  const both = set(set(text, repositories[1]!), repositories[2]!);
  expect([...both.matchAll(/<mirrorOf>(.*?)<\/mirrorOf>/g)].map(([, of]) => of)).toEqual([
    "my-domain--beside",
    "external:*",
    "external:*",
    " * ",
  ]);
  expect([...both.matchAll(/maven\/(.*?)\/<\/url>\s*<\/mirror>/g)].map(([, name]) => name)).toEqual([
    "beside",
    "other--",
    "my-repo",
  ]);
});

test("an element that the user changed in a block stays", () => {
  const edited = set("<settings/>", repositories[0]!).replace("external:*", "central");
  const kept: string[] = [];
  const left = unset(edited, repositories[0]!, (text) => kept.push(text));
  expect(kept).toEqual([expect.stringContaining("<mirrorOf>central</mirrorOf>") as string]);
  expect(left).toContain("<mirrorOf>central</mirrorOf>");
  expect(left).not.toContain("<server");
});

describe.skipIf(!requires("python3"))("Python's parser", () => {
  test("finds in settings.xml what Maven is to read", () => {
    const script = `
import json, sys, xml.etree.ElementTree as tree
def local(each): return each.tag.split("}")[-1]
def read(text):
    root = tree.fromstring(text.encode("utf-8"))
    found = {}
    for container in root:
        for each in container:
            found.setdefault(local(container), []).append([(local(part), "".join(part.itertext())) for part in each] or each.text)
    return found
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`;
    const samples = fc.sample(texts, propertyRuns);
    const { stdout, stderr, success } = Bun.spawnSync(["python3", "-c", script], {
      stdin: Buffer.from(JSON.stringify(samples.map((text) => set(text, repositories[0]!)))),
    });
    if (!success) throw new Error(stderr.toString());
    const { endpoint, tokenVariable } = repositories[0]!;
    for (const found of JSON.parse(stdout.toString()) as Record<string, unknown[]>[]) {
      for (const id of [secretId(tokenVariable), `\${env.${deploymentVariable(tokenVariable)}}`]) {
        expect(found["servers"]).toContainEqual([
          ["id", id],
          ["username", "aws"],
          ["password", `\${env.${tokenVariable}}`],
        ]);
      }
      expect(found["mirrors"]![0]).toEqual([
        ["id", secretId(tokenVariable)],
        ["mirrorOf", "external:*"],
        ["url", endpoint],
      ]);
      expect(found["activeProfiles"]).toContain("my-domain--my-repo");
    }
  });
});
