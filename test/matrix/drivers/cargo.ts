/** Cargo: asks Vouch as its credential provider. */
import { join } from "node:path";
import { crateProject, crateUserProject } from "../../binary/projects.ts";
import { registryName } from "../../laptop.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Desk } from "../desk.ts";
import type { Driver } from "../cell.ts";
import { foreignEndpoint } from "../others.ts";

/** What is run after `cargo publish`. */
export type CargoWay = "build" | "fetch" | "install";

/** The cargo of PATH, or of the folders that are put before it. */
export function cargo(way: CargoWay, folders: string[] = []): Driver {
  return {
    format: "cargo",
    setup: ["--tool", "cargo", "--registry-name", registryName],
    own: { ".cargo/config.toml": "# mine\n[net]\nretry = 1 # few\n\n[alias]\nb = 'build'\n" },
    async prepare(desk) {
      desk.addToPath(folders);
      return (await desk.run(["cargo", "--version"])).trim();
    },
    async publish(desk) {
      const crate =
        way === "install" ? programProject(desk) : crateProject(join(desk.home, "lib"), desk.package, registryName);
      await desk.publish(["cargo", "publish", "--allow-dirty", "--no-verify", "--registry", registryName], {
        cwd: crate,
      });
    },
    publishedAt: (desk) => `${desk.package.slice(0, 2)}/${desk.package.slice(2, 4)}/${desk.package}`,
    async install(desk) {
      if (way === "install") await installProgram(desk);
      else await useCrate(desk, way);
      desk.expectFetched("cargo", /\/download$/);
    },
  };
}

/** A crate with a program that says hello. */
function programProject(desk: Desk): string {
  return desk.project("program", {
    "Cargo.toml": `[package]\nname = "${desk.package}"\nversion = "0.1.0"\nedition = "2021"\ndescription = "A private program"\nlicense = "MIT"\n`,
    "src/main.rs": `fn main() {\n    println!("hello from ${desk.package}");\n}\n`,
  });
}

async function installProgram(desk: Desk): Promise<void> {
  await desk.run(["cargo", "install", "--debug", "--registry", registryName, desk.package]);
  desk.expect(
    "the program",
    await desk.run([join(desk.home, ".cargo/bin", desk.package)]),
    `hello from ${desk.package}`,
  );
}

/** A project that uses the private crate and somebody else's, from a registry that the project names. */
async function useCrate(desk: Desk, way: CargoWay): Promise<void> {
  await seedPackage(desk.office.others.registries, "cargo", {
    name: desk.foreign,
    version: "0.1.0",
    files: { "src/lib.rs": "" },
  });
  const app = crateUserProject(join(desk.home, "app"), desk.package, registryName);
  const manifest = await Bun.file(join(app, "Cargo.toml")).text();
  desk.project("app", {
    "Cargo.toml": `${manifest}${desk.foreign} = { version = "0.1", registry = "other" }\n`,
    ".cargo/config.toml": `[registries.other]\nindex = "sparse+${foreignEndpoint("cargo")}"\n`,
  });
  await desk.run(["cargo", way], { cwd: app });
  desk.expectForeignAsked();
  if (way === "build") {
    desk.expect("the program", await desk.run([join(app, "target/debug/app")]), `hello from ${desk.package}`);
  }
}
