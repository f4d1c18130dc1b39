/** Packages and projects of the Python package managers in the matrix. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildWheel, type PackageSource, seedPackage } from "../../../sandbox/packages.ts";
import type { Driver } from "../../cell.ts";
import type { Desk } from "../../desk.ts";
import { pythonPrograms } from "../../installed.ts";
import { foreignEndpoint } from "../../others.ts";

export const foreignIndex = `${foreignEndpoint("pypi")}simple/`;

/** What distinguishes the drivers of Python package managers; each installs what somebody else has published, too. */
type PythonClient = Omit<Driver, "format" | "publishedAt">;

/** The driver of a Python package manager: what it publishes is in the simple index. */
export function pythonDriver({ install, ...client }: PythonClient): Driver {
  return {
    ...client,
    format: "pypi",
    ...(client.publish && { publishedAt: (desk) => `simple/${desk.package}/` }),
    ...(install && {
      async install(desk) {
        await seedForeign(desk);
        await install(desk);
      },
    }),
  };
}

/** A package with one module that says where it comes from, and a command of its own name that prints that. */
function pythonPackage(name: string, module: string): PackageSource {
  const info = `${name.replaceAll("-", "_")}-1.0.0.dist-info`;
  return {
    name,
    version: "1.0.0",
    files: {
      [`${module}/__init__.py`]: `greeting = "hello from ${name}"\n\n\ndef main():\n    print(greeting)\n`,
      [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${module}:main\n`,
    },
  };
}

/** The private package, as source. */
const privatePackage = (desk: Desk): PackageSource => pythonPackage(desk.package, "private_package");

/** Publishes the private package without a package manager. */
export const seedPrivate = (desk: Desk): Promise<void> =>
  seedPackage(desk.office.laptop.sandbox.registries, "pypi", privatePackage(desk));

/** Publishes somebody else's package to their registry. */
const seedForeign = (desk: Desk): Promise<void> =>
  seedPackage(desk.office.others.registries, "pypi", pythonPackage(desk.foreign, "foreign_package"));

/** Puts the programs of an installed virtual environment on PATH; what `program` says of its version. */
export async function usePrograms(desk: Desk, from: string, program: string): Promise<string> {
  desk.addToPath([pythonPrograms(from)]);
  return (await desk.run([program, "--version"])).trim().split("\n")[0]!;
}

/** A project with the private package built in `dist/`; its folder. */
export function builtProject(desk: Desk, pyproject = ""): string {
  const folder = desk.project("lib", {
    "pyproject.toml": `[project]\nname = "${desk.package}"\nversion = "1.0.0"\ndescription = ""\nrequires-python = ">=3.9"\n${pyproject}`,
  });
  const { filename, bytes } = buildWheel(privatePackage(desk));
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist", filename), bytes);
  return folder;
}

/** Throws unless both packages are in a folder of Python packages. */
export function expectPackages(desk: Desk, site: string): void {
  desk.expectFile(join(site, "private_package/__init__.py"), `hello from ${desk.package}`);
  desk.expectFile(join(site, "foreign_package/__init__.py"), `hello from ${desk.foreign}`);
  desk.expectFetched("pypi", /\.whl$/);
  desk.expectForeignAsked();
}

/** The folder of packages of a virtual environment. */
export function sitePackages(environment: string): string {
  const settings = readFileSync(join(environment, "pyvenv.cfg"), "utf8");
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(settings)?.[1];
  return join(environment, `lib/python${version}/site-packages`);
}
