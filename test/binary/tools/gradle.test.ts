/**
 * Gradle with Vouch's init script. Debian's Gradle 4.4.1 has no transport for publishing over http, so the test of
 * publishing looks at the credentials that it would use.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ended, type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";

const repository = `https://${names.packageHost}/maven/${names.repository}/`;
const setUp = ["vouch", "setup", "codeartifact", "--domain", names.domain, "--repository", names.repository];

describe.skipIf(!requires("gradle", "javac", "keytool"))("gradle", () => {
  let laptop: Laptop;
  let userHome: string;
  let count = 0;

  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    await ended(laptop.run([...setUp, "--tool", "gradle"], { env: { GRADLE_USER_HOME: undefined } }));
    userHome = join(laptop.home, ".gradle");
    const trust = join(laptop.folder, "trust.p12");
    const store = ["-storetype", "PKCS12", "-storepass", "public", "-keystore", trust];
    const { caPath, proxyUrl } = laptop.sandbox;
    await ended(laptop.run(["keytool", "-importcert", "-noprompt", "-alias", "s", "-file", caPath, ...store]));
    const properties = {
      "https.proxyHost": "127.0.0.1",
      "https.proxyPort": new URL(proxyUrl).port,
      "javax.net.ssl.trustStore": trust,
      "javax.net.ssl.trustStorePassword": "public",
    };
    const lines = Object.entries(properties).map(([name, value]) => `systemProp.${name}=${value}\n`);
    writeFileSync(join(userHome, "gradle.properties"), lines.join(""));
    const token = await ended(laptop.run(["vouch", "credential", "codeartifact"]));
    const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>library</artifactId><version>1.0.0</version></project>`;
    for (const [name, body] of [["library-1.0.0.pom", pom] as const, ["library-1.0.0.jar", "no classes"] as const]) {
      const { status } = await laptop.sandbox.fetch(`${repository}com/example/library/1.0.0/${name}`, {
        method: "PUT",
        headers: { authorization: `Basic ${btoa(`aws:${token.trim()}`)}` },
        body,
      });
      expect(status).toBe(201);
    }
  });
  afterAll(async () => laptop?.stop());

  /** A build with this script, and files beside it. */
  function build(script: string, tasks: string[], files: Record<string, string> = {}, env = {}): Promise<Finished> {
    const folder = join(laptop.home, `gradle-${count++}`);
    for (const [name, text] of Object.entries({ "settings.gradle": "", "build.gradle": script, ...files })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return laptop.run(["gradle", "--no-daemon", "--quiet", ...tasks], {
      cwd: folder,
      env: { GRADLE_USER_HOME: userHome, ...env },
    });
  }

  const resolving = `
apply plugin: 'java'
repositories { maven { url '${repository}' } }
dependencies { compile 'com.example:library:1.0.0' }
task files { doLast { configurations.compile.each { println it.name } } }`;

  /** Prints the name of each repository, and whether it has credentials. */
  const show = (handler: string): string =>
    `task show { doLast { ${handler}.each { println "\${it.name} \${it.credentials.username} \${it.credentials.password?.contains('vouch-' + 'sandbox-token')}" } } }`;

  test("resolves a package from the repository", async () => {
    const { exitCode, stdout, stderr } = await build(resolving, ["files"]);
    expect({ exitCode, stdout, said: /vouch: .*/.exec(stderr)?.[0] }).toEqual({
      exitCode: 0,
      stdout: "library-1.0.0.jar\n",
      said: undefined,
    });
  });

  test.each([
    ["has credentials in a buildscript and for plugins, and none for publishing", ["show"], "null null"],
    ["has the credentials for publishing in a build that publishes", ["show", "publish"], "aws true"],
  ])(
    "%s",
    async (_, tasks, publishing) => {
      const { stdout } = await build(
        `
buildscript { repositories { maven { name 'ofScript'; url '${repository}' } } }
plugins { id 'java'; id 'maven-publish' }
publishing { publications { library(MavenPublication) { from components.java } }; repositories { maven { name 'ofPublishing'; url '${repository}' } } }
${show("[buildscript.repositories.getByName('ofScript'), *publishing.repositories, *gradle.plugged]")}`,
        tasks,
        {
          "settings.gradle": `
pluginManagement { repositories { maven { name 'ofPlugins'; url '${repository}' } ; gradlePluginPortal() } }
gradle.ext.plugged = pluginManagement.repositories.findAll { it.name == 'ofPlugins' }`,
        },
      );
      expect(stdout).toStartWith(`ofScript aws true\nofPublishing ${publishing}\nofPlugins aws true\n`);
    },
    200_000,
  );

  test("gives credentials to no other address, and leaves those that a project has", async () => {
    const { packageHost } = names;
    const addresses = {
      http: repository.replace("https", "http"),
      port: repository.replace("amazonaws.com", "amazonaws.com:8443"),
      host: repository.replace("amazonaws.com", "amazonaws.com.evil.example"),
      user: repository.replace("https://", `https://${packageHost}@evil.example/`),
      parent: repository.replace("/my-repo/", "/"),
      beside: repository.replace("my-repo", "my-repo-2"),
      dots: `${repository}../other/`,
      escaped: `${repository}%2e%2e/other/`,
      query: `${repository}?x=1`,
      inside: `${repository}inside/`,
      upper: repository.replace(packageHost, packageHost.toUpperCase()),
    };
    const maven = Object.entries(addresses).map(([name, url]) => `maven { name '${name}'; url '${url}' }`);
    const script = `
repositories {
  ${maven.join("\n  ")}
  maven { name 'other'; url '${repository}'; artifactUrls 'https://evil.example/' }
  maven { name 'own'; url '${repository}'; credentials { username 'me'; password 'mine' } }
}
${show("repositories")}`;
    const { stdout } = await build(script, ["show"]);
    const none = Object.keys(addresses).filter((name) => name !== "inside" && name !== "upper");
    expect(stdout.trim().split("\n")).toEqual([
      ...none.map((name) => `${name} null null`),
      "inside aws true",
      "upper aws true",
      "other null null",
      "own me false",
    ]);
  });

  test.each([
    ["systemProp.https.proxyHost=evil.example", "systemProp.https.proxyHost"],
    ["systemProp.javax.net.ssl.trustStoreType = JKS", "systemProp.javax.net.ssl.trustStoreType"],
    ["systemProp.java.home=evil", "systemProp.java.home"],
    ["org.gradle.java.installations.paths=/opt/jdk,jdk", "org.gradle.java.installations.paths"],
    ["org.gradle.jvmargs=-Xmx1g -Djavax.net.ssl.trustStore=evil", "org.gradle.jvmargs"],
    // A name that would erase the line that says it.
    [String.raw`systemProp.javax.net.\u001b[2K\u000avouch\u202e=x`, "systemProp.javax.net.?[2K?vouch?"],
  ])(
    "gives no token where gradle.properties of the project has %s",
    async (line, name) => {
      // What the user's own file sets, it sets for every project.
      const isUsers = name === "systemProp.https.proxyHost";
      const script = `repositories { maven { name 'repository'; url '${repository}' } }\n${show("repositories")}`;
      const { stdout, stderr } = await build(script, ["show"], { "gradle.properties": `${line}\n` });
      expect(stdout).toBe(isUsers ? "repository aws true\n" : "repository null null\n");
      if (!isUsers)
        expect(stderr).toContain(`gradle.properties has ${name}, which says whom Gradle talks to or trusts`);
    },
    200_000,
  );

  test("gives no token where gradle.properties of the project names options of Java that are not known", async () => {
    // With the words as Gradle's own Java is to have them: quotes are in the middle, too.
    const evil = {
      quoted: `-Dhtt''ps.proxyHost=127.0.0.1`,
      apart: `"-Dhttps.proxy"Host='127.0.0.1'`,
      file: "-XX:VMOptionsFile=vm.options",
      flags: `-XX:"Flags"=vm.options`,
      home: "-Djava.home=jdk",
      hosts: "-Djdk.net.hosts.file=hosts",
      properties: "-Djava.sec''urity.properties=own",
      agent: "-javaagent:evil.jar",
      log: "-Xlog:all:file=x",
      argument: "@evil",
    };
    const harmless =
      "-Xmx512m -XX:MaxMetaspaceSize=384m -XX:+HeapDumpOnOutOfMemoryError -Dfile.encoding=UTF-8 '-Dx=a b' --add-opens java.base/java.lang=ALL-UNNAMED -Djava.net.preferIPv4Stack=true";
    // The script's own question, many times in one build: Java itself would not start with some of these.
    const script = readFileSync(join(userHome, "init.d/vouch.gradle"), "utf8").split("if (!gradle.startParameter")[0]!;
    const ask = Object.entries({ ...evil, harmless }).map(([name, text]) => {
      const quoted = `'${text.replaceAll("'", String.raw`\'`)}'`;
      return `println "${name} " + vouchMatters('org.gradle.jvmargs', ${quoted}, projectDir)`;
    });
    const { stdout } = await build(`${script}\n${ask.join("\n")}`, ["--offline", "help"]);
    expect(stdout.trim().split("\n").slice(0, ask.length)).toEqual([
      ...Object.keys(evil).map((name) => `${name} true`),
      "harmless false",
    ]);
  });

  test("sends no token by a proxy of options in a file, nor in quotes", async () => {
    const script = `repositories { maven { name 'repository'; url '${repository}' } }\n${show("repositories")}`;
    for (const line of ["-XX:VMOptionsFile=PLACE/vm.options", `-Dhtt''ps.nonProxyHosts=x`]) {
      const place = join(laptop.home, `gradle-${count}`);
      const files = {
        "gradle.properties": `org.gradle.jvmargs=${line.replace("PLACE", place)}\n`,
        "vm.options": "-Dhttps.nonProxyHosts=x\n",
      };
      const { stdout } = await build(`println System.getProperty('https.nonProxyHosts')\n${script}`, ["show"], files);
      // Java has what the project wanted, and the repository has no credentials.
      expect(stdout).toBe("x\nrepository null null\n");
    }
  });

  test("gives no token where a build that is included sets a proxy", async () => {
    const script = `repositories { maven { name 'repository'; url '${repository}' } }\n${show("repositories")}`;
    const line = "systemProp.socksProxyHost=\n";
    const included = await build(script, ["show"], {
      "settings.gradle": "includeBuild 'other'",
      "other/settings.gradle": "",
      "other/gradle.properties": line,
    });
    expect(included.stdout).toBe("repository null null\n");
    expect(included.stderr).toContain("other/gradle.properties has systemProp.socksProxyHost");
  });

  test("asks nothing in a build that names no such repository, and nothing offline", async () => {
    const asked = laptop.sandbox.counters();
    const nobody = { VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") };
    const silent = await build("repositories { mavenCentral() }\ntask nothing", ["nothing"], {}, nobody);
    expect(silent).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining("vouch:") as string });
    const offline = await build(resolving, ["--offline", "help"], {}, nobody);
    expect(offline.stderr).not.toContain("vouch:");
    expect(laptop.sandbox.counters()).toEqual(asked);
  });

  test("says what is missing without a session", async () => {
    const { exitCode, stderr } = await build(
      resolving,
      ["--refresh-dependencies", "files"],
      {},
      { VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") },
    );
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/^vouch: .*Run `vouch login`\.$/m);
    expect(stderr).toContain("401");
  });

  test("leaves no token in any file, and the init script goes", async () => {
    expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
    await ended(laptop.run([...setUp, "--tool", "gradle", "--remove"]));
    expect(existsSync(join(userHome, "init.d/vouch.gradle"))).toBe(false);
  });
});
