/** The Maven repository without Maven: what it takes in, and what it refuses. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { hexDigest } from "./registry.ts";
import { startVisitor, type Visitor } from "./visitor.ts";

let visitor: Visitor;

beforeAll(async () => {
  visitor = await startVisitor();
});
afterAll(() => visitor.sandbox.stop());

const place = "/maven/my-repo/com/example/my-artifact";
const coordinates = (version: string) =>
  `<groupId>com.example</groupId><artifactId>my-artifact</artifactId><version>${version}</version>`;
const pom = (version: string) => `<project>${coordinates(version)}</project>`;
const metadata = (...versions: string[]) =>
  `<metadata><groupId>com.example</groupId><artifactId>my-artifact</artifactId><versioning><versions>${versions
    .map((version) => `<version>${version}</version>`)
    .join("")}</versions></versioning></metadata>`;
const put = async (path: string, body: string) => (await visitor.send("PUT", `${place}/${path}`, body)).status;

test("the sandbox publishes and serves Maven's files, their checksums and the metadata", async () => {
  const path = "1.0.0/my-artifact-1.0.0.pom";
  expect(await put(path, pom("1.0.0"))).toBe(201);
  expect(await put(`${path}.sha1`, hexDigest("sha1", Buffer.from(pom("1.0.0"))))).toBe(201);
  expect(await put("1.0.0/my-artifact-1.0.0-sources.jar", "sources")).toBe(201);
  expect(await put("maven-metadata.xml", metadata("1.0.0"))).toBe(201);
  expect(await (await visitor.get(`${place}/${path}`)).text()).toBe(pom("1.0.0"));
  expect(await (await visitor.get(`${place}/maven-metadata.xml`)).text()).toBe(metadata("1.0.0"));
  const digest = await (await visitor.get(`${place}/${path}.sha512`)).text();
  expect(digest).toBe(hexDigest("sha512", Buffer.from(pom("1.0.0"))));
  const head = await visitor.sandbox.fetch(
    `https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com${place}/${path}`,
    {
      method: "HEAD",
      headers: { authorization: `Bearer ${visitor.token}` },
    },
  );
  expect([head.status, head.headers.get("content-length")]).toEqual([200, `${pom("1.0.0").length}`]);
});

test("an existing Maven file may come again, but not with other content", async () => {
  const path = "1.0.0/my-artifact-1.0.0-javadoc.jar";
  expect(await put(path, "one")).toBe(201);
  expect(await put(path, "one")).toBe(201);
  expect(await put(path, "two")).toBe(409);
  expect(await (await visitor.get(`${place}/${path}`)).text()).toBe("one");
});

test("a Maven snapshot has files with time and build number", async () => {
  expect(await put("2.0-SNAPSHOT/my-artifact-2.0-20261125.004200-1.pom", pom("2.0-SNAPSHOT"))).toBe(201);
  expect(await put("2.0-SNAPSHOT/maven-metadata.xml", `<metadata>${coordinates("2.0-SNAPSHOT")}</metadata>`)).toBe(201);
});

test.each([
  ["a checksum of something else", "1.0.0/my-artifact-1.0.0.pom.sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 400],
  ["a checksum before its file", "1.0.0/my-artifact-1.0.0.war.sha1", "00", 404],
  ["a file of another artifact", "1.0.0/other-1.0.0.jar", "", 400],
  ["a file of another version", "1.0.0/my-artifact-1.0.1.jar", "", 400],
  ["a snapshot's file without its time", "2.0-SNAPSHOT/my-artifact-2.0-SNAPSHOT.jar", "", 400],
  ["a POM of another version", "1.0.1/my-artifact-1.0.1.pom", pom("1.0.0"), 400],
  ["metadata of another artifact", "maven-metadata.xml", metadata("1.0.0").replace("my-artifact", "other"), 400],
  ["metadata that names what is not there", "maven-metadata.xml", metadata("1.0.0", "9.9.9"), 400],
  ["metadata that names nothing", "maven-metadata.xml", metadata(), 400],
  ["a path that leads out", "1.0.0/..%2fmy-artifact-1.0.0.jar", "", 400],
])("the sandbox's Maven repository refuses %s", async (_, path, body, status) => {
  expect(await put(path, body)).toBe(status);
});

test("publishing by Maven needs the right to publish, and to put metadata", async () => {
  const { deniedActions } = visitor.account;
  for (const [action, path] of [
    ["codeartifact:PublishPackageVersion", "3.0/my-artifact-3.0.jar"],
    ["codeartifact:PutPackageMetadata", "maven-metadata.xml"],
  ] as const) {
    deniedActions.add(action);
    const answer = await visitor.send("PUT", `${place}/${path}`, "");
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain(
      `${action} on resource: arn:aws:codeartifact:us-east-1:123456789012:package/my-domain/my-repo/maven/com.example/my-artifact`,
    );
    deniedActions.clear();
  }
});
