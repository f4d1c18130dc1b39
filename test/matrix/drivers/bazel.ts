/** Bazel's credential helper protocol, as Bazel 7 speaks it: no registry has that Bazel. */
import { join } from "node:path";
import { names } from "../../sandbox/main.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Driver } from "../cell.ts";
import { foreignHost } from "../others.ts";

export function bazel(): Driver {
  return {
    format: "npm",
    setup: ["--tool", "npm", "--tool", "bazel"],
    own: { ".bazelrc": "# mine\ncommon --noshow_progress\n" },
    prepare: async () => "credential helper protocol 1",
    async install(desk) {
      const { sandbox } = desk.office.laptop;
      await seedPackage(sandbox.registries, "npm", { name: desk.package, version: "1.0.0", files: {} });
      const uri = `https://${names.packageHost}/npm/${names.repository}/${desk.package}/-/${desk.package}-1.0.0.tgz`;
      // Bazel takes the helper of ~/.bazelrc for the host.
      const bazelrc = await Bun.file(join(desk.home, ".bazelrc")).text();
      const helper = new RegExp(`--credential_helper=${RegExp.escape(names.packageHost)}=(.+)`).exec(bazelrc)?.[1];
      if (helper === undefined) throw new Error(`~/.bazelrc names no helper for ${names.packageHost}:\n${bazelrc}`);
      const answer = JSON.parse(await desk.run([helper, "get"], { stdin: JSON.stringify({ uri }) })) as {
        headers: Record<string, string[]>;
      };
      const headers = Object.entries(answer.headers).map(([name, values]): [string, string] => [name, values[0]!]);
      const { status } = await sandbox.fetch(uri, { headers });
      if (status !== 200) throw new Error(`${uri} was answered with ${status}`);
      desk.expectFetched("npm", /\.tgz$/);
      await desk.refused([helper, "get"], { stdin: JSON.stringify({ uri: `https://${foreignHost}/npm/x` }) });
    },
  };
}
