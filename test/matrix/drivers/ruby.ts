/** RubyGems and Bundler: their shims give them the token. */
import { join } from "node:path";
import { gemProject } from "../../binary/projects.ts";
import { names } from "../../sandbox/main.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Driver } from "../cell.ts";
import type { Desk } from "../desk.ts";
import { foreignEndpoint } from "../others.ts";

const endpoint = `https://${names.packageHost}/ruby/${names.repository}`;

/** Publishes with `gem`, and installs with the program. */
export function ruby(program: "gem" | "bundle"): Driver {
  return {
    format: "ruby",
    setup: ["--tool", "ruby"],
    own: { ".gemrc": "# mine\n---\n:backtrace: true\ngem: --no-document # quick\n" },
    async prepare(desk) {
      desk.env["GEM_HOME"] = join(desk.home, "gems");
      desk.env["BUNDLE_PATH"] = join(desk.home, "bundle");
      return `${program} ${(await desk.run([program, "--version"])).trim()}`;
    },
    async publish(desk) {
      const lib = gemProject(join(desk.home, "lib"), desk.package);
      await desk.run(["gem", "build", `${desk.package}.gemspec`], { cwd: lib });
      await desk.run(["gem", "push", "--host", endpoint, `${desk.package}-1.0.0.gem`], { cwd: lib });
    },
    publishedAt: (desk) => `gems/${desk.package}-1.0.0.gem`,
    async install(desk) {
      const script = { "app.rb": `require "${desk.package}"\nputs HELLO\n` };
      if (program === "gem") {
        await desk.run(["gem", "install", desk.package]);
        desk.expect(
          "the gem",
          await desk.run(["ruby", "app.rb"], { cwd: desk.project("app", script) }),
          greeting(desk),
        );
      } else {
        await bundle(desk, script);
      }
      desk.expectFetched("ruby", /^gems\//);
    },
  };
}

const greeting = (desk: Desk): string => `hello from ${desk.package}`;

async function bundle(desk: Desk, script: Record<string, string>): Promise<void> {
  const foreign = { name: desk.foreign, version: "1.0.0", files: { "lib/foreign.rb": "" } };
  await seedPackage(desk.office.others.registries, "ruby", foreign);
  const app = desk.project("app", {
    ...script,
    Gemfile: `source "${endpoint}"\ngem "${desk.package}"\nsource "${foreignEndpoint("ruby")}" do\n  gem "${desk.foreign}"\nend\n`,
  });
  await desk.run(["bundle", "install"], { cwd: app });
  desk.expect("the gem", await desk.run(["bundle", "exec", "ruby", "app.rb"], { cwd: app }), greeting(desk));
  desk.expectForeignAsked();
}
