/** gem, whose sources get their tokens by a file that it reads once, and Bundler, by a variable for each source. */
import { join } from "node:path";
import { gemProject } from "../../binary/projects.ts";
import { names } from "../../sandbox/main.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Driver } from "../cell.ts";
import type { Desk } from "../desk.ts";
import { foreignEndpoint } from "../others.ts";

const endpoint = `https://${names.packageHost}/ruby/${names.repository}`;

/** What is run after `gem push`. */
export type RubyWay = "gem install" | "bundle install";

export function ruby(way: RubyWay): Driver {
  return {
    format: "ruby",
    setup: ["--tool", "ruby"],
    own: { ".gemrc": "# mine\n:backtrace: false\n:sources:\n- https://rubygems.org/\ngem: --no-document\n" },
    async prepare(desk) {
      desk.env["GEM_HOME"] = join(desk.home, "gems");
      desk.env["BUNDLE_PATH"] = join(desk.home, "bundle");
      const [gem, bundle] = [await desk.run(["gem", "--version"]), await desk.run(["bundle", "--version"])];
      return `gem ${gem.trim()}, ${bundle.trim()}`;
    },
    async publish(desk) {
      const lib = gemProject(join(desk.home, "lib"), desk.package);
      await desk.run(["gem", "build", `${desk.package}.gemspec`], { cwd: lib });
      await desk.publish(["gem", "push", "--host", endpoint, `${desk.package}-1.0.0.gem`], { cwd: lib });
    },
    publishedAt: (desk) => `info/${desk.package}`,
    async install(desk) {
      const app = desk.project("app", { "app.rb": `require "${desk.package}"\nputs HELLO\n` });
      const said = way === "gem install" ? await installGem(desk, app) : await installBundle(desk, app);
      desk.expect("the program", said, `hello from ${desk.package}`);
      desk.expectFetched("ruby", /^gems\//);
    },
  };
}

async function installGem(desk: Desk, app: string): Promise<string> {
  await desk.run(["gem", "install", desk.package]);
  return desk.run(["ruby", "app.rb"], { cwd: app });
}

async function installBundle(desk: Desk, app: string): Promise<string> {
  await seedPackage(desk.office.others.registries, "ruby", {
    name: desk.foreign,
    version: "1.0.0",
    files: { [`lib/${desk.foreign}.rb`]: "" },
  });
  desk.project("app", {
    Gemfile: `source "${endpoint}"\ngem "${desk.package}"\nsource "${foreignEndpoint("ruby")}" do\n  gem "${desk.foreign}"\nend\n`,
  });
  await desk.run(["bundle", "install"], { cwd: app });
  desk.expectForeignAsked();
  return desk.run(["bundle", "exec", "ruby", "app.rb"], { cwd: app });
}
