import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readPoms } from "../../../src/tools/maven/project/poms.ts";
import { tempFolder } from "../../temp-folder.ts";

/** What is said of the POM, without its file's name. */
function doubtOf(pom: string | Uint8Array, files: Record<string, string> = {}): string | undefined {
  using folder = tempFolder();
  for (const [name, text] of Object.entries({ ...files, "pom.xml": pom })) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const { doubt } = readPoms(folder.path);
  if (doubt === undefined) return undefined;
  expect(existsSync(doubt.file)).toBe(true);
  return doubt.what;
}
const configured = (text: string): string =>
  `<project><build><plugins><plugin><configuration><x>${text}</x></configuration></plugin></plugins></build></project>`;
const property = (...texts: string[]): string =>
  `<project><properties>${texts.map((text, index) => `<p${index}>${text}</p${index}>`).join("")}</properties></project>`;
const repositories = "project.remoteArtifactRepositories[0].id";

describe("a POM with an expression that may lead to the user's settings", () => {
  test.each([
    "settings.servers[0].password",
    " settings.mirrors[0].id ",
    "settings",
    "Settings.mirrors",
    "settingsX.servers[0].password",
    "settings/x",
    "session.settings.servers[0].password",
    "session.request.servers[0].password",
    "session.systemProperties(env.X)",
    "sessionX.request.mirrors",
    repositories,
    "project.RemoteArtifactRepositories",
    "projectX.remoteArtifactRepositories[0].id",
    "pom.remoteArtifactRepositories[0].id",
    "project.parent.remoteArtifactRepositories[0].id",
    "project.parent.parent.remoteProjectRepositories",
    "project.executionProject.remoteArtifactRepositories[0].id",
    "executedProject.remoteArtifactRepositories[0].id",
    "project.collectedProjects[0].remoteArtifactRepositories[0].id",
    "project.distributionManagementArtifactRepository.authentication.password",
    "project.projectBuildingRequest.remoteRepositories[0].id",
    "project.artifact.repository.id",
    "project.pluginArtifacts",
    "project.repositories[0].id",
    "plugin.pluginArtifact.repository.id",
    "plugin.artifacts[0].repository.id",
    "mojoExecution.x",
    "mojo.plugin.x",
    "reactorProjects[0].remoteArtifactRepositories[0].id",
    "localRepository",
    "repositorySystemSession",
    "env.VOUCH_TOKEN_0123456789ABCDEF",
    "env.CODEARTIFACT_AUTH_TOKEN",
    "a${b",
    "altDeploymentRepository",
    "altReleaseDeploymentRepository",
    "altSnapshotDeploymentRepository:-x",
    "project.properties.altDeploymentRepository",
    "project.properties(sun.java.command)",
    "project.properties",
    "sun.java.command",
    "env.MAVEN_CMD_LINE_ARGS",
    "project.artifactMap(a:b).repository.id",
  ])("%s is found", (expression) => {
    expect(doubtOf(configured(`\${${expression}}`))).toStartWith("may read your settings by ${");
    expect(doubtOf(property(`a \${${expression}} b`))).toStartWith("may read your settings by ${");
  });

  test.each([
    ["a reference", `&#36;{${repositories}}`],
    ["a reference in hexadecimal", `&#x24;&#x7B;${repositories}&#x7d;`],
    ["a comment between", `$<!-- -->{${repositories}}`],
    ["a comment in the name", `\${pro<!-- -->ject.remoteArtifactRepositories[0].id}`],
    ["a CDATA section", `$<![CDATA[{]]>${repositories}}`],
    ["a CDATA section around it", `<![CDATA[\${${repositories}}]]>`],
    ["an instruction between", `$<?x y?>{${repositories}}`],
    ["an element between", `$<y/>{${repositories}}`],
  ])("is found with %s", (_, text) => {
    expect(doubtOf(configured(text))).toBe(`may read your settings by \${${repositories}}`);
  });

  test("is found in an attribute, which Maven takes for a default", () => {
    const pom = configured("").replace("<x>", `<x default-value="&#36;{${repositories}}">`);
    expect(doubtOf(pom)).toBe(`may read your settings by \${${repositories}}`);
  });

  test.each([
    ["an end that is missing", ["${project.remoteArt", "ifactRepositories[0].id}", "${p0}${p1}"]],
    ["a sign from a property", ["$", `\${p0}{${repositories}}`]],
    ["both signs from properties", ["$", `{${repositories}}`, "${p0}${p1}"]],
    ["a name from a property", ["remoteArtifactRepositories[0].id", "${project.${p0}}"]],
  ])("is found in pieces: %s", (_, texts) => {
    expect(doubtOf(property(...texts))).toStartWith("may read your settings by ");
  });

  test("is found in a parent, in a module, and in what Maven 4 takes for a module", () => {
    const evil = configured(`\${${repositories}}`);
    const said = `may read your settings by \${${repositories}}`;
    expect(doubtOf("<project><modules><module>m</module></modules></project>", { "m/pom.xml": evil })).toBe(said);
    const parent = "<project><parent><relativePath>p/pom.xml</relativePath></parent></project>";
    expect(doubtOf(parent, { "p/pom.xml": evil })).toBe(said);
    const newer = '<project xmlns="http://maven.apache.org/POM/4.1.0"/>';
    expect(doubtOf(newer, { "m/pom.xml": evil })).toBe(said);
    expect(doubtOf("<project/>", { "m/pom.xml": evil })).toBeUndefined();
    const hidden = "<project><modules><module>${m}</module></modules></project>";
    expect(doubtOf(hidden, { "m/pom.xml": evil })).toBe("names a module by ${m}");
    // One that is not here does not hide the next.
    const two = "<project><modules><module>none</module><module>m</module></modules></project>";
    expect(doubtOf(two, { "m/pom.xml": evil })).toBe(said);
  });
});

test.each([
  ["<!DOCTYPE p [<!ENTITY e '$'>]><project><x>&e;{settings.servers}</x></project>", "document type declaration"],
  ["<project><x></project>", "cannot be read (line 1: "],
  [Buffer.from("<project/>", "utf16le"), "cannot be read (line 1: "],
  ['<?xml version="1.0" encoding="utf-7"?><project><x>+ACQAew-settings.servers+AH0-</x></project>', "utf-7"],
  ['<project xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="a"/></project>', "XInclude"],
])("a POM that Vouch does not read as Maven does is refused: %p", (pom, what) => {
  expect(doubtOf(pom)).toContain(what);
});

test("an expression to which a plugin adds the signs is found", () => {
  for (const name of ["settings.servers[0].password", "project.remoteArtifactRepositories[0].id", "sun.java.command"]) {
    expect(doubtOf(configured(` ${name} `))).toBe(`may read your settings by ${name}`);
    expect(doubtOf(property(name))).toBe(`may read your settings by ${name}`);
  }
  for (const text of ["project.version", "settings.localRepository", "settings.servers and more", "env.PATH"]) {
    expect(doubtOf(configured(text))).toBeUndefined();
  }
  expect(doubtOf("<project><artifactId>session.auth</artifactId></project>")).toBeUndefined();
});

test("a POM that names an id as the settings have it is refused", () => {
  const id = "vouch-0123456789abcdef";
  for (const text of [id, `${id}::default::https://evil.example/`, "vouch-<!-- -->01&#50;3456789abcdef"]) {
    expect(doubtOf(configured(text))).toBe(`has ${id}, an id as your settings have it`);
    expect(doubtOf(property(text))).toBe(`has ${id}, an id as your settings have it`);
  }
  expect(doubtOf(configured("vouch-maven-plugin"))).toBeUndefined();
});

test.each([
  [["vouch-01234567", "${p0}89abcdef"]],
  [["vou", "ch-0123", "${p0}${p1}456789abcdef"]],
  [["01234567", "x::${p2}${p0}89abcdef", "${p3}", "vouch-"]],
  [["vouch-${of.the.command.line}"]],
  [["vouch-${project.p1}", "0123456789abcdef"]],
])("a POM that puts such an id together of %j is refused", (texts) => {
  expect(doubtOf(property(...texts))).toStartWith("may put together an id as your settings have it (");
});

test("a POM may put other names together", () => {
  const texts = [
    "vouch-",
    "${p0}maven-${project.version}",
    "${p3}",
    "${p2}",
    "0123456789abcdef",
    "x${p4}",
    "${p0}${p1}",
  ];
  expect(doubtOf(property(...texts))).toBeUndefined();
  // Each leads to all others.
  const many = Array.from({ length: 60 }, (_, n) =>
    Array.from({ length: 60 }, (__, m) => `\${p${(n + m) % 60}}`).join(""),
  );
  expect(doubtOf(property(...many))).toBeUndefined();
});

test("a POM whose parent may come from a folder of the project is refused", () => {
  const pom = (url: string, more: string): string =>
    `<project>${more}<repositories><repository><url>${url}</url></repository></repositories></project>`;
  const parent = "<parent><relativePath/></parent>";
  for (const url of ["file:///x", "&#70;ILE:x", "${where}"]) {
    expect(doubtOf(pom(url, parent))).toStartWith("may take its parent from ");
    expect(doubtOf(pom(url, ""))).toBeUndefined();
  }
  expect(doubtOf(pom("https://repo.example.com/", parent))).toBeUndefined();
});

// As the parents of Apache's projects and of airlift have them, and what is usual besides.
test.each([
  "project.version",
  "project.build.directory",
  "project.build.targetJdk",
  "project.build.resources[0].directory",
  "project.artifactId",
  "project.reporting.outputDirectory",
  "project.scm.developerConnection",
  "project.organization.name",
  "project.parent.basedir",
  "project.parent.version",
  "project.basedir",
  "project.inceptionYear",
  "project.issueManagement.url",
  "project.licenses[0].name",
  "project.java.version",
  "project.artifact.selectedVersion.majorVersion",
  "project.artifactMap(com.example:a)",
  "project.artifactMap(com.example:a).file",
  "pom.version",
  "pom.build.unitTestSourceDirectory",
  "project-info.version",
  "plugin.version",
  "plugin.surefire.version",
  "plugins.jar.version",
  "dep.plugin.surefire.version",
  "settings.localRepository",
  "settingsFile",
  "session.executionRootDirectory",
  "basedir",
  "user.home",
  "java.version",
  "maven.multiModuleProjectDirectory",
  "revision",
  "org.mockito:mockito-core:jar",
  "gpg.passphrase",
  "env.JACOCO_SKIP",
  "parent.version",
  "git.commit.id.abbrev",
])("a POM may say ${%s}", (expression) => {
  expect(doubtOf(property(`\${${expression}}`, `a\${${expression}}b$`))).toBeUndefined();
  expect(doubtOf(configured(`\${${expression}}`))).toBeUndefined();
});

test("a POM may have regular expressions, JSON, entities of HTML and expressions of its plugins", () => {
  for (const text of ["^a.*$", '{"a": 1}', "$1", "@{argLine} -Xmx1g", "M&uuml;ller &copy; &amp;"]) {
    expect(doubtOf(configured(text))).toBeUndefined();
  }
});
