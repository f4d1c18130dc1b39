import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deploymentIds, deploymentOf, deploys, namesDeployment } from "../../../src/tools/maven/deployment.ts";
import { objectionTo, startFolders } from "../../../src/tools/maven/project/maven-folder.ts";
import { readPoms } from "../../../src/tools/maven/project/poms.ts";
import { isLocal } from "../../../src/tools/maven/shim.ts";
import { tempFolder } from "../../temp-folder.ts";

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

describe("a project's .mvn", () => {
  const said = (files: Record<string, string>, args: string[] = [], from = "."): string | undefined => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, from), { recursive: true });
    write(folder.path, files);
    const env = { HOME: "/nobody" };
    const objection = objectionTo(startFolders(args, join(folder.path, from), env), env);
    return objection && /\.mvn\/(.*)\.$/.exec(objection.message)?.[1];
  };

  test.each([
    ["-B\n-ntp\n-T1C\n--threads=4\n-P\nci\n-Drevision=1.2.3 -DskipTests\nverify\n# -s x"],
    ["-Dtarget=${project.version}-${env.CI}\n-Dx=${session.rootDirectory}/x\n-Dfile.encoding=UTF-8"],
    ["-Dmaven.repo.local=.repository\n-Dstyle.color=always\n-Dmaven.artifact.threads=8"],
    ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"],
    ["-Daether.dependencyCollector.impl=bf\n-Daether.connector.basic.threads=8"],
  ])("may hold %p in maven.config", (text) => {
    expect(said({ ".mvn/maven.config": text })).toBeUndefined();
  });

  test.each([
    ["-s\nown.xml", "-s"],
    ["-sown.xml", "-sown.xml"],
    ["--settings=own.xml", "--settings=own.xml"],
    ["--sett=own.xml", "--sett=own.xml"],
    ["-gs own.xml", "-gs"],
    ["--global-settings own.xml", "--global-settings"],
    ["-ps own.xml", "-ps"],
    ["-X", "-X"],
    ["-f ../other", "-f"],
    ["-Dhttps.proxyHost=evil", "-Dhttps.proxyHost"],
    ["-D https.proxyHost=evil", "-Dhttps.proxyHost"],
    ["-Dhttps.protocols=SSLv3", "-Dhttps.protocols"],
    ["--define https.proxyHost=evil", "-Dhttps.proxyHost"],
    ["--define=https.proxyHost=evil", "-Dhttps.proxyHost"],
    ['"-DsocksProxyHost=evil"', "-DsocksProxyHost"],
    ["-Djavax.net.ssl.trustStore=evil.p12", "-Djavax.net.ssl.trustStore"],
    ["-Dmaven.wagon.http.ssl.insecure=true", "-Dmaven.wagon.http.ssl.insecure"],
    ["-Daether.connector.https.securityMode=insecure", "-Daether.connector.https.securityMode"],
    ["-Daether.transport.https.securityMode=insecure", "-Daether.transport.https.securityMode"],
    ["-Dmaven.user.settings=own.xml", "-Dmaven.user.settings"],
    ["-Dorg.apache.maven.user-settings=own.xml", "-Dorg.apache.maven.user-settings"],
    ["-Duser.home=evil", "-Duser.home"],
    ["-Dorg.slf4j.simpleLogger.defaultLogLevel=debug", "-Dorg.slf4j.simpleLogger.defaultLogLevel"],
    ["-Dvv=${project.remoteArtifactRepositories[0].id}", "-Dvv"],
    ["-Dvv=${settings.servers[0].password}", "-Dvv"],
    ["-Dvv=${env.VOUCH_TOKEN_1}", "-Dvv"],
    ["--define=vv=${session.settings}", "-Dvv"],
    ['-Dvv=$"{"settings.servers}', "-Dvv"],
    ["-Dmaven.repo.local=${settings.mirrors}", "-Dmaven.repo.local"],
    ["-Dproject.build.sourceEncoding=500", "-Dproject.build.sourceEncoding"],
    ["-Dvv=a${", "-Dvv"],
    ["-Dvv=${altDeploymentRepository}", "-Dvv"],
    ["-Dvv=${env.MAVEN_CMD_LINE_ARGS}", "-Dvv"],
    ["-Dvv=${sun.java.command}", "-Dvv"],
    ["-Dvv=vouch-0123456789abcdef", "-Dvv"],
    ['-Dvv=vouch-"0123"456789abcdef', "-Dvv"],
    ["-Dvv={settings.servers}", "-Dvv"],
    ["-Djdk.http.auth.tunneling.disabledSchemes=", "-Djdk.http.auth.tunneling.disabledSchemes"],
  ])("may not hold %p in maven.config", (text, word) => {
    expect(said({ ".mvn/maven.config": text })).toBe(`maven.config has ${word}`);
  });

  test.each([
    [
      "-Xmx2g -Xss1m -XX:+UseG1GC -XX:MaxMetaspaceSize=512m -ea\n--add-opens java.base/java.lang=ALL-UNNAMED",
      undefined,
    ],
    ["--add-exports=jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED -Djava.awt.headless=true", undefined],
    ["-Dhttps.proxyHost=evil", "-Dhttps.proxyHost=evil"],
    ["-javaagent:evil.jar", "-javaagent:evil.jar"],
    ["-XX:OnError=evil", "-XX:OnError=evil"],
    ["-XX:Flags=evil", "-XX:Flags=evil"],
    ["@evil", "@evil"],
    ["-Dx=$\\{settings.servers}", "-Dx=$\\{settings.servers}"],
  ])("with %p in jvm.config", (text, word) => {
    expect(said({ ".mvn/jvm.config": text })).toBe(word && `jvm.config has ${word}`);
  });

  test.each([
    ["settings.xml", "<settings><pluginGroups/></settings>", undefined],
    ["settings.xml", "<settings><proxies/></settings>", "<proxies>"],
    ["settings.xml", "<settings><profiles/></settings>", "<profiles>"],
    ["settings.xml", "<settings>", "what is not well-formed XML"],
    ["maven-user.properties", "# a\nrevision = 1\n", undefined],
    ["maven-user.properties", "revision=1\n${includes}=?x\n", "${includes}"],
    ["maven-user.properties", "maven.user.settings : x\n", "maven.user.settings"],
    ["maven-user.properties", "x = ${settings.servers}\n", "x"],
    ["maven-system.properties", "https.pr\\u006fxyHost=x\n", "https.pr\\u006fxyHost"],
  ])("of Maven 4: %s with %p", (name, text, found) => {
    expect(said({ [`.mvn/${name}`]: text })).toBe(found && `${name} has ${found}`);
  });

  test("is looked at in every parent, and beside the POM of -f", () => {
    expect(said({ ".mvn/maven.config": "-s x" }, [], "a/b")).toBe("maven.config has -s");
    for (const args of [["-f", "other/pom.xml"], ["--file=other/pom.xml"], ["-f", "other"], ["-fother/pom.xml"]]) {
      const files = { "other/.mvn/maven.config": "-s x", "other/pom.xml": "<project/>" };
      expect(said(files, args, "here/..")).toBe("maven.config has -s");
    }
  });

  test("is looked at where a link leads, too", () => {
    using folder = tempFolder();
    write(folder.path, { "real/.mvn/jvm.config": "-Dhttps.proxyHost=x", "real/sub/pom.xml": "<project/>" });
    symlinkSync(join(folder.path, "real/sub"), join(folder.path, "link"));
    const env = { HOME: "/nobody", PWD: join(folder.path, "link") };
    expect(objectionTo(startFolders([], join(folder.path, "real/sub"), env), env)).toBeDefined();
    expect(objectionTo(startFolders(["-f", "../../link"], join(folder.path, "real/sub"), env), env)).toBeDefined();
  });

  test("is the user's own in the home folder", () => {
    using folder = tempFolder();
    write(folder.path, { ".mvn/maven.config": "-s x" });
    expect(objectionTo([folder.path], { HOME: folder.path })).toBeUndefined();
  });
});

const endpointOf = (name: string) => `https://d-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/${name}/`;
const token = (name: string, digits: string) => ({
  endpoint: endpointOf(name),
  token: "t",
  expiration: 1,
  variable: `VOUCH_TOKEN_${digits.repeat(16)}`,
});
const targets = deploymentIds([token("other", "A"), token("my-repo", "1")]);
const [other, byDefault] = targets.map(({ id, endpoint }) => `${id}::default::${endpoint}`) as [string, string];
const all = (target: string): string[] =>
  ["alt", "altRelease", "altSnapshot"].map((kind) => `-D${kind}DeploymentRepository=${target}`);

describe("a deployment", () => {
  const management = (release?: string, snapshot?: string): string => {
    const part = (name: string, url?: string) =>
      url === undefined ? "" : `<${name}><id>x</id><url> ${url} </url></${name}>`;
    return `<distributionManagement>${part("repository", release)}${part("snapshotRepository", snapshot)}</distributionManagement>`;
  };
  const of = (more: string, files: Record<string, string> = {}) => {
    using folder = tempFolder();
    write(folder.path, { "pom.xml": `<project xmlns="http://maven.apache.org/POM/4.0.0">${more}</project>`, ...files });
    const { options, doubt, chosen } = deploymentOf(readPoms(folder.path), targets);
    return { options, doubt: doubt?.message, chosen };
  };
  const parent = "<parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version></parent>";

  test.each([
    ["", all(byDefault)],
    [management(endpointOf("other")), all(other)],
    [management(endpointOf("other").slice(0, -1)), all(other)],
    [
      management(endpointOf("other"), endpointOf("my-repo")),
      [`-DaltReleaseDeploymentRepository=${other}`, `-DaltSnapshotDeploymentRepository=${byDefault}`],
    ],
    [management(undefined, endpointOf("other")), [`-DaltSnapshotDeploymentRepository=${other}`]],
    [management("https://nexus.example.com/"), []],
    [management(endpointOf("other"), "https://nexus.example.com/"), []],
    [`<profiles><profile>${management("https://nexus.example.com/")}</profile></profiles>`, []],
    [`${parent}${management(endpointOf("other"))}`, all(other)],
  ])("of %s goes there with the id of that address", (more, options) => {
    expect(of(more)).toMatchObject({ options, doubt: undefined });
  });

  test("of a POM without an address goes to the repository that was set up last, which is said", () => {
    expect(of("").chosen).toBe(endpointOf("my-repo"));
  });

  test.each([
    [parent, {}, "The parent of this POM, which is not here, may say where to deploy"],
    [management("${target}"), {}, "The POM's address to deploy to is ${target}"],
    [
      `${management(endpointOf("other"))}<modules><module>a</module></modules>`,
      { "a/pom.xml": `<project>${management(endpointOf("my-repo"))}</project>` },
      "The modules of this project name several addresses to deploy to",
    ],
  ])("of %s is left to the user", (more, files, why) => {
    expect(of(more, files)).toEqual({
      options: [],
      doubt: `${why}: Vouch leads no deployment to your repository.`,
      chosen: undefined,
    });
  });

  test("has an id that no other run has", () => {
    const { variable, endpoint } = targets[0]!;
    const again = deploymentIds([{ variable, endpoint, token: "t", expiration: 1 }])[0]!;
    expect(again.id).toMatch(/^vouch-[0-9a-f]{16}$/);
    expect(new Set([again, ...targets].map(({ id }) => id)).size).toBe(3);
  });

  // What stands there comes before the option, or reads it.
  test.each([
    "<properties><altReleaseDeploymentRepository>x::default::https://evil.example/</altReleaseDeploymentRepository></properties>",
    "<build><plugins><plugin><configuration><altDeploymentRepository>x</altDeploymentRepository></configuration></plugin></plugins></build>",
    "<build><plugins><plugin><configuration><alt-snapshot-deployment-repository>x</alt-snapshot-deployment-repository></configuration></plugin></plugins></build>",
    "<profiles><profile><activation><property><name>altDeploymentRepository</name></property></activation></profile></profiles>",
    '<build><x name="altDeploymentRepository"/></build>',
  ])("of %s is left to the user", (more) => {
    const { options, doubt } = of(more);
    expect({ options, doubt: doubt?.replace(/^\S+\//, "") }).toEqual({
      options: [],
      doubt:
        "pom.xml has a word of its own about altDeploymentRepository: Vouch leads no deployment to your repository.",
    });
  });

  test("is found in a parent beside, in modules, and in subprojects", () => {
    using folder = tempFolder();
    write(folder.path, {
      "pom.xml": `<project>${management("https://a.example/")}<modules><module>m</module></modules><subprojects><subproject>s/pom.xml</subproject></subprojects></project>`,
      "m/pom.xml": `<project>${parent}</project>`,
      "s/pom.xml": `<project>${management(undefined, "https://b.example/")}<parent><relativePath>../m</relativePath></parent></project>`,
    });
    for (const start of ["", "m", "s/pom.xml"]) {
      const { releases, isPartial } = readPoms(join(folder.path, start));
      expect([...releases]).toEqual(["https://a.example/"]);
      expect(isPartial).toBe(false);
    }
  });

  test("is one by its goal or phase", () => {
    const goals = [
      "deploy",
      "deploy:deploy",
      "org.apache.maven.plugins:maven-deploy-plugin:3.1.4:deploy",
      "deploy:deploy@id",
    ];
    for (const goal of goals) expect(deploys(["clean", goal])).toBe(true);
    for (const goal of ["package", "-Ddeploy", "deployment", "--deploy"]) expect(deploys([goal])).toBe(false);
    expect(namesDeployment(["-DaltDeploymentRepository=x"])).toBe(true);
    expect(namesDeployment(["-Dalt=x"])).toBe(false);
  });
});

test("Maven contacts no repository for its version, its help, and offline", () => {
  for (const args of [[], ["-v"], ["--version"], ["-h"], ["-o", "package"]]) expect(isLocal(args)).toBe(true);
  for (const args of [["package"], ["-B"], ["-V", "package"]]) expect(isLocal(args)).toBe(false);
});
