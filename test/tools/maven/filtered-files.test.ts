import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readPoms } from "../../../src/tools/maven/project/poms.ts";
import { tempFolder } from "../../temp-folder.ts";

function saidOf(pom: string, files: Record<string, string | Uint8Array>): string | undefined {
  using folder = tempFolder();
  for (const [name, text] of Object.entries({ ...files, "pom.xml": pom })) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const { doubt } = readPoms(folder.path);
  return doubt && `${doubt.file.replace(`${folder.path}/`, "")} ${doubt.what}`;
}

const resource = (more: string): string =>
  `<project><build><resources><resource>${more}</resource></resources></build></project>`;
const filtering = resource("<directory>src/main/resources</directory><filtering>true</filtering>");
const remoteParent = "<project><parent><relativePath/></parent></project>";
const file = "src/main/resources/a.txt";
const by = "may put your settings into what is built by";

describe("a file of a build that filters", () => {
  test.each([
    ["${settings.servers[0].password}", "settings.servers[0].password"],
    ["@settings.mirrors[0].id@", "settings.mirrors[0].id"],
    ["${session.settings.servers[0].password}", "session.settings.servers[0].password"],
    ["@project.remoteArtifactRepositories[0].id@", "project.remoteArtifactRepositories[0].id"],
    ["${pom.parent.remoteArtifactRepositories[0].id}", "pom.parent.remoteArtifactRepositories[0].id"],
    ["${env.CODEARTIFACT_AUTH_TOKEN}", "env.CODEARTIFACT_AUTH_TOKEN"],
    ["${altDeploymentRepository}", "altDeploymentRepository"],
    ["@altReleaseDeploymentRepository@", "altReleaseDeploymentRepository"],
    ["${sun.java.command}", "sun.java.command"],
    ["${env.MAVEN_CMD_LINE_ARGS}", "env.MAVEN_CMD_LINE_ARGS"],
    ["a=\\u0024{sett\\u0069ngs.servers}", "settings.servers"],
    ["a=${sett\\\n  ings.servers}", "settings.servers"],
  ])("may not say %j", (text, name) => {
    expect(saidOf(filtering, { [file]: text })).toBe(`${file} ${by} ${name}`);
    expect(saidOf(remoteParent, { [file]: text })).toBe(`${file} ${by} ${name}`);
    expect(saidOf("<project/>", { [file]: text })).toBeUndefined();
  });

  test.each([
    "${project.version}",
    "@project.build.directory@",
    "${session.user.name}",
    "settings.servers",
    "{settings.servers}",
  ])("may say %j", (text) => expect(saidOf(filtering, { [file]: text })).toBeUndefined());

  test("is looked at in UTF-16, and behind signs of the build's own", () => {
    expect(saidOf(filtering, { [file]: Buffer.from("${settings.servers}", "utf16le") })).toContain(by);
    const delimiter = filtering.replace("</project>", "<x><delimiter>#*#</delimiter></x></project>");
    expect(saidOf(delimiter, { [file]: "#settings.servers#" })).toContain(by);
  });

  test("is looked at in what a build has made only where the build filters that", () => {
    const files = { "target/a.txt": "${settings.servers}" };
    expect(saidOf(filtering, files)).toBeUndefined();
    for (const folder of ["target", "${d}"]) {
      const pom = resource(`<directory>${folder}</directory><filtering>\${f}</filtering>`);
      expect(saidOf(pom, files)).toContain(by);
    }
  });

  test("is looked at outside of the POM's folder, and as a filter in pieces", () => {
    const files = { "out/a.txt": "${settings.servers}", "m/pom.xml": "" };
    for (const path of ["../out", "${project.basedir}/../out"]) {
      const pom = resource(`<directory>${path}</directory><filtering>true</filtering>`);
      using folder = tempFolder();
      for (const [name, text] of Object.entries({ ...files, "m/pom.xml": pom })) {
        mkdirSync(dirname(join(folder.path, name)), { recursive: true });
        writeFileSync(join(folder.path, name), text);
      }
      expect(readPoms(join(folder.path, "m")).doubt?.file).toBe(join(folder.path, "out/a.txt"));
    }
    const pieces = { "f.properties": "a=$\nb=${a}{settings.servers}" };
    expect(saidOf(filtering, pieces)).toBeUndefined();
    for (const nested of ["p=ttings.servers[0].password}\na=${se${p}", "a=x${", "a=${b}{", "a : {settings.servers}"]) {
      for (const [path, real] of [
        ["f.properties", "f.properties"],
        ["${basedir}/x/${e}.txt", "x/dev.txt"],
      ] as const) {
        const pom = filtering.replace("<build>", `<build><filters><filter>${path}</filter></filters>`);
        expect(saidOf(pom, { [real]: nested })).toStartWith(`${real} ${by} `);
        expect(saidOf(pom, { "other.sh": nested.replace("settings", "x") })).toBeUndefined();
        expect(saidOf(pom, { [real]: "# ${a\na=${b} {c} ${project.version}\nd" })).toBeUndefined();
      }
    }
    const named = filtering.replace("<build>", "<build><filters><filter>f.properties</filter></filters>");
    expect(saidOf(named, pieces)).toContain(by);
  });

  test("is in an encoding that Vouch reads", () => {
    const encoded = (name: string): string =>
      `<project><properties><project.build.sourceEncoding>${name}</project.build.sourceEncoding></properties></project>`;
    for (const name of ["UTF-8", "ISO-8859-1", "UTF-16", "${my.encoding}"]) {
      expect(saidOf(encoded(name), {})).toBeUndefined();
    }
    for (const name of ["IBM037", "500", "${x}"]) {
      expect(saidOf(encoded(name), {})).toContain("names an encoding that Vouch does not read");
    }
  });
});
