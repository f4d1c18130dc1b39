/** Maven: its shim gives the token to the variable that settings.xml names. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mavenProject, mavenUserProject } from "../../binary/projects.ts";
import { mavenEnvironment } from "../../toolchains/maven.ts";
import type { Driver } from "../cell.ts";
import type { Desk } from "../desk.ts";

const group = "com/example";
/** With Maven's own words for a repository that has nothing to say: the build must go on without it. */
const own = "<settings>\n  <!-- mine -->\n  <interactiveMode>false</interactiveMode>\n</settings>\n";

/** `version` is a name of test/toolchains/maven.ts, and `folder` has its `mvn`. */
export function maven(version: string, folder: string): Driver {
  return {
    format: "maven",
    setup: ["--tool", "maven"],
    own: { ".m2/settings.xml": own },
    async prepare(desk) {
      Object.assign(desk.env, mavenEnvironment(desk.home, desk.office.laptop.sandbox, version));
      desk.addToPath([folder]);
      const said = await desk.run(["mvn", "--version"]);
      return /Apache Maven [\w.-]+/.exec(said)?.[0] ?? said;
    },
    async publish(desk) {
      const lib = mavenProject(join(desk.home, "lib"));
      rename(desk, lib);
      await desk.publish(["mvn", "--batch-mode", "deploy"], { cwd: lib });
    },
    publishedAt: (desk) => `${group}/${desk.package}/1.0.0/${desk.package}-1.0.0.jar`,
    async install(desk) {
      // What deploy installed beside is not what the next build is to find.
      rmSync(join(desk.home, ".m2/repository", group), { recursive: true });
      const app = mavenUserProject(join(desk.home, "app"));
      rename(desk, app);
      await desk.run(["mvn", "--batch-mode", "package"], { cwd: app });
      const jar = join(desk.home, ".m2/repository", group, `${desk.package}/1.0.0/${desk.package}-1.0.0.jar`);
      desk.expectFile(jar, "com/example/Greeting.class");
      desk.expectFetched("maven", /\.jar$/);
    },
  };
}

/** Calls the library as the cell does. */
function rename(desk: Desk, folder: string): void {
  const pom = readFileSync(join(folder, "pom.xml"), "utf8");
  desk.project(folder.slice(desk.home.length + 1), { "pom.xml": pom.replaceAll("my-artifact", desk.package) });
}
