/** The text that goes with every executable: what is inside, whose it is, and under which license. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundledPackage, hidapiVersion } from "./bundled-packages.ts";
import { runtimeLibraries } from "./runtime-libraries.ts";
import { bunVersion } from "./runtime.ts";

const line = "=".repeat(80);

/** The text for a target of that platform whose bundle contains the packages. */
export function thirdPartyLicenses(platform: NodeJS.Platform, packages: BundledPackage[]): string {
  const libraries = runtimeLibraries.filter((library) => (library.platform ?? platform) === platform);
  const ids = [...new Set(["MIT", ...libraries.flatMap(({ licenses }) => licenses)])].sort();
  return [
    `The vouch executable is licensed under the Apache License 2.0 (LICENSE). It contains software of others:

1. npm packages, with the texts that they ship; in node-hid's binding hidapi ${hidapiVersion()}, under its BSD license
2. Bun ${bunVersion}, the runtime, and the libraries linked into it
3. The texts of the licenses that part 2 names
`,
    `${line}\n1. npm packages\n`,
    ...packages.map(describePackage),
    `${line}\n2. Bun ${bunVersion} and the libraries linked into it\n`,
    bunNotice,
    ...libraries.map(
      ({ name, licenses, copyright, source }) =>
        `${name}\n  ${licenses.join(", ")}\n  Copyright (c) ${copyright}\n  ${source}\n`,
    ),
    `${line}\n3. License texts\n`,
    ...ids.map((id) => `${line}\n${id}\n\n${licenseText(id).trimEnd()}\n`),
  ].join("\n");
}

const bunNotice = `Bun is licensed under the MIT license.
  Copyright (c) Oven and the contributors to Bun
  https://github.com/oven-sh/bun

Bun links JavaScriptCore and TinyCC, which are licensed under the GNU Library (Lesser) General Public License, and
so this executable does too. You may change those libraries and use Vouch with your version of them: their source and
Bun's, with the instructions to build a Bun of your own, are at the addresses below, and Vouch's source comes with
the script that makes this executable of any Bun: \`npm run build -- --runtime PATH\` with PATH the Bun that you built.
You may take Vouch's executable apart to find errors in such changes.
`;

function describePackage({ name, version, license, notices }: BundledPackage): string {
  const texts = Object.entries(notices).map(
    ([file, text]) => `--- ${file}\n\n${text.replaceAll("\r\n", "\n").trim()}\n`,
  );
  return `${line}\n${name} ${version}\n  ${license}\n\n${texts.join("\n")}`;
}

function licenseText(id: string): string {
  const file = id === "Apache-2.0" ? "../LICENSE" : `licenses/${id}.txt`;
  return readFileSync(join(import.meta.dir, file), "utf8");
}
