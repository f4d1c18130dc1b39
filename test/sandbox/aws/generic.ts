/**
 * Generic packages, which have no registry of their own: PublishPackageVersion and GetPackageVersionAsset of CodeArtifact's
 * API (service model 2018-09-22). A version takes assets while it is unfinished, and none afterwards.
 */
import type { Account } from "./account.ts";
import { ServiceError } from "./service-error.ts";

interface Version {
  revision: string;
  status: "Published" | "Unfinished";
  assets: Map<string, Uint8Array<ArrayBuffer>>;
}

/** What a request names. */
export interface GenericPackage {
  domain: string;
  repository: string;
  namespace: string;
  name: string;
  version: string;
  asset: string;
}

/** By account, and then by the package version. */
const published = new WeakMap<Account, Map<string, Version>>();

/** The package version and the asset of a query. Throws `ValidationException`. */
export function genericPackage(query: URLSearchParams): GenericPackage {
  const [domain, repository, format, namespace, name, version, asset] = [
    "domain",
    "repository",
    "format",
    "namespace",
    "package",
    "version",
    "asset",
  ].map((field) => query.get(field) ?? "") as [string, string, string, string, string, string, string];
  if (format !== "generic") throw validation(`The format ${format} is not supported by this operation`);
  // The service model leaves the namespace out of what is required; a package of this format has one all the same
  // ("Generic packages overview" of the user guide, and GetPackageVersionAsset of the API reference).
  for (const [what, text] of Object.entries({ namespace, package: name, packageVersion: version })) {
    if (!/^[^#/\s]{1,255}$/.test(text)) throw validation(`Expected a ${what} of 1 to 255 characters, got '${text}'`);
  }
  if (!/^\P{C}{1,255}$/u.test(asset) || !/^[\p{L}\p{N}~!@^&()\-`_+[\]{};,. ]+$/u.test(asset)) {
    throw validation(`Expected the name of an asset, got '${asset}'`);
  }
  return { domain, repository, namespace, name, version, asset };
}

/** Adds an asset, whose SHA-256 the header x-amz-content-sha256 has. Throws ServiceError. */
export function publishPackageVersion(
  account: Account,
  of: GenericPackage,
  { body, sha256, unfinished }: { body: Uint8Array<ArrayBuffer>; sha256: string | null; unfinished: boolean },
): object {
  const digest = new Bun.CryptoHasher("sha256").update(body).digest("hex");
  if (sha256 === null || !/^[0-9a-f]{64}$/.test(sha256)) throw validation("Expected the asset's SHA-256");
  if (sha256 !== digest) throw validation("The asset's SHA-256 is not that of its content");
  const versions = published.get(account) ?? new Map<string, Version>();
  published.set(account, versions);
  const version: Version = versions.get(keyOf(of)) ?? {
    revision: digest.slice(0, 32),
    status: "Unfinished",
    assets: new Map(),
  };
  if (version.status === "Published") {
    throw new ServiceError("ConflictException", `The version ${of.version} of ${of.name} is published already`, 409);
  }
  if (version.assets.has(of.asset)) {
    throw new ServiceError(
      "ConflictException",
      `The version ${of.version} of ${of.name} has the asset ${of.asset}`,
      409,
    );
  }
  version.assets.set(of.asset, body);
  if (!unfinished) version.status = "Published";
  versions.set(keyOf(of), version);
  return {
    format: "generic",
    namespace: of.namespace,
    package: of.name,
    version: of.version,
    versionRevision: version.revision,
    status: version.status,
    asset: { name: of.asset, size: body.length, hashes: { "SHA-256": digest } },
  };
}

/** The asset. Throws ServiceError. */
export function getPackageVersionAsset(account: Account, of: GenericPackage, revision: string | null): Response {
  const version = published.get(account)?.get(keyOf(of));
  if (revision !== null && version !== undefined && revision !== version.revision) {
    throw new ServiceError("ConflictException", `${revision} is not the current revision of ${of.version}`, 409);
  }
  const bytes = version?.assets.get(of.asset);
  if (version === undefined || bytes === undefined) {
    throw new ServiceError("ResourceNotFoundException", `The asset ${of.asset} of ${of.name} was not found`, 404);
  }
  return new Response(bytes, {
    headers: {
      "content-type": "application/octet-stream",
      // Not checked, for want of an account: how a name that is not ASCII is written there.
      "x-assetname": encodeURIComponent(of.asset),
      "x-packageversion": of.version,
      "x-packageversionrevision": version.revision,
    },
  });
}

function keyOf({ domain, repository, namespace, name, version }: GenericPackage): string {
  return JSON.stringify([domain, repository, namespace, name, version]);
}

function validation(message: string): ServiceError {
  return new ServiceError("ValidationException", message, 400);
}
