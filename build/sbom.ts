/** The software bill of materials: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/ */
import { Enums, Models, Serialize, Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { type BundledPackage, hidapiVersion } from "./bundled-packages.ts";
import { runtimeLibraries } from "./runtime-libraries.ts";
import { bunVersion, runtimeIntegrity } from "./runtime.ts";
import type { Target } from "./targets.ts";

export interface SbomInput {
  version: string;
  packages: BundledPackage[];
  /** The targets of the release, whose runtimes it is made of. */
  targets: readonly Target[];
  /** The archives with their SHA-256 in hexadecimal. */
  archives: Record<string, string>;
}

/** The document's text. The same input gives the same bytes. Throws when it does not satisfy the schema. */
export async function sbom({ version, packages, targets, archives }: SbomInput): Promise<string> {
  const bom = new Models.Bom();
  const vouch = new Models.Component(Enums.ComponentType.Application, "vouch", {
    version,
    bomRef: `pkg:generic/vouch@${version}`,
    purl: `pkg:generic/vouch@${version}`,
    licenses: licenses("Apache-2.0"),
  });
  for (const [file, sha256] of Object.entries(archives)) {
    vouch.externalReferences.add(
      new Models.ExternalReference(file, Enums.ExternalReferenceType.Distribution, {
        hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]),
      }),
    );
  }
  bom.metadata.component = vouch;

  const add = (component: Models.Component, parent: Models.Component) => {
    bom.components.add(component);
    parent.dependencies.add(component.bomRef);
    return component;
  };
  for (const bundled of packages) {
    const component = add(npmPackage(bundled), vouch);
    if (bundled.name !== "node-hid") continue;
    const hidapi = library("hidapi", "https://github.com/libusb/hidapi", ["BSD-3-Clause"]);
    hidapi.version = hidapiVersion();
    add(hidapi, component);
  }
  const runtimes = targets.map((target) => add(runtime(target), vouch));
  for (const { name, source, licenses: ids } of runtimeLibraries) {
    const component = library(name, source, ids);
    bom.components.add(component);
    for (const each of runtimes) each.dependencies.add(component.bomRef);
  }

  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const text = serializer.serialize(bom, { sortLists: true, space: 2 });
  const errors = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  if (errors !== null)
    throw new Error(`the bill of materials does not satisfy CycloneDX 1.6: ${JSON.stringify(errors)}`);
  return `${text}\n`;
}

function npmPackage({ name, version, license }: BundledPackage): Models.Component {
  const [group, base] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const purl = `pkg:npm/${group === undefined ? "" : `${encodeURIComponent(group)}/`}${base}@${version}`;
  return new Models.Component(Enums.ComponentType.Library, base, {
    ...(group === undefined ? {} : { group }),
    version,
    bomRef: purl,
    purl,
    licenses: licenses(license),
  });
}

/** The runtime of a target, with the digest of the package that it is taken from. */
function runtime(target: Target): Models.Component {
  const component = npmPackage({
    name: target.runtime,
    version: bunVersion,
    license: "MIT",
    notices: {},
  });
  component.type = Enums.ComponentType.Platform;
  const sha512 = Buffer.from(runtimeIntegrity(target).replace("sha512-", ""), "base64").toString("hex");
  component.hashes.set(Enums.HashAlgorithm["SHA-512"], sha512);
  return component;
}

function library(name: string, source: string, ids: string[]): Models.Component {
  return new Models.Component(Enums.ComponentType.Library, name, {
    bomRef: `library:${name}`,
    licenses: new Models.LicenseRepository(ids.map((id) => new Models.SpdxLicense(id))),
    externalReferences: new Models.ExternalReferenceRepository([
      new Models.ExternalReference(source, Enums.ExternalReferenceType.VCS),
    ]),
  });
}

function licenses(expression: string): Models.LicenseRepository {
  const license = /^[\w.-]+$/.test(expression)
    ? new Models.SpdxLicense(expression)
    : new Models.LicenseExpression(expression);
  return new Models.LicenseRepository([license]);
}
