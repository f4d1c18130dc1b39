/** NuGet by its protocol, as dotnet speaks it: no registry has a dotnet. */
import { join } from "node:path";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { names } from "../../sandbox/main.ts";
import { buildNugetPackage } from "../../sandbox/packages.ts";
import type { Driver } from "../cell.ts";
import type { Desk } from "../desk.ts";

const client = join(import.meta.dir, "../../toolchains/nuget-client.ts");
const source = `${names.domain}/${names.repository}`;

export function nuget(): Driver {
  return {
    format: "nuget",
    setup: ["--tool", "nuget"],
    own: {
      ".nuget/NuGet/NuGet.Config":
        '<?xml version="1.0" encoding="utf-8"?>\n<configuration>\n  <!-- mine -->\n  <config />\n</configuration>\n',
    },
    async prepare(desk) {
      // What starts the plugin is known by its command line: that of `nuget` on Linux is `mono …/nuget.exe …`.
      const programs = desk.project("programs", {
        "nuget.exe": `#!${join(desk.home, "programs/mono")}\n"${process.execPath}" "${client}" "$@"; exit $?\n`,
      });
      symlinkSync("/bin/sh", join(programs, "mono"));
      chmodSync(join(programs, "nuget.exe"), 0o755);
      desk.addToPath([programs]);
      return "plugin protocol 2";
    },
    async publish(desk) {
      const folder = project(desk);
      const nupkg = { name: desk.package, version: "1.0.0", files: { "lib/net8.0/Private.dll": "" } };
      writeFileSync(join(folder, "private.nupkg"), buildNugetPackage(nupkg));
      await desk.publish(["nuget.exe", "push", source, "private.nupkg"], { cwd: folder });
    },
    async install(desk) {
      const said = await desk.run(["nuget.exe", "restore", source, desk.package], { cwd: project(desk) });
      desk.expect("the client", said, `restored ${desk.package} 1.0.0`);
      desk.expectFetched("nuget", /\.nupkg$/);
    },
  };
}

const project = (desk: Desk): string => desk.project("app", { "App.csproj": "<Project/>\n" });
