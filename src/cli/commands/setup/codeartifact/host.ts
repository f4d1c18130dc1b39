/** Which of AWS's hosts of a repository a setup writes: `--endpoint`, `--dual-stack`, else the host set up before. */
import type { PackageRepository } from "../../../../aws/endpoints.ts";
import { type PackageHost, parsePackageEndpoint, parseVpcHost } from "../../../../aws/package-endpoints.ts";
import { VouchError } from "../../../../base/errors.ts";
import type { PackageFormat } from "../../../../base/package-format.ts";
import type { Settings } from "../../../../settings/settings.ts";
import { usage } from "../../../framework/arguments.ts";
import { commandName, type Flags, sameRepository } from "./request.ts";

/** The flags, with the names that the URL of `--endpoint` adds, and its host. */
interface Located {
  flags: Flags;
  host: PackageHost | undefined;
}

/**
 * Takes names and host from `--endpoint`: the URL of a repository, of any format and in any of AWS's forms, or of a VPC
 * endpoint alone. Throws `usage` for another URL, and where it contradicts a flag.
 */
export function locate(flags: Flags & { endpoint?: string | undefined; "dual-stack"?: boolean | undefined }): Located {
  const { endpoint, "dual-stack": dualStack } = flags;
  if (endpoint === undefined) return { flags, host: dualStack === true ? "dualstack" : undefined };
  const found = parseEndpoint(endpoint);
  const named = {
    domain: found.domain,
    "domain-owner": found.domainOwner,
    repository: found.repository,
    region: found.region,
  };
  for (const [flag, value] of Object.entries(named) as [keyof typeof named, string | undefined][]) {
    const given = flags[flag];
    if (given === undefined || value === undefined || given === value) continue;
    throw usage(`--endpoint has the ${flag.replace("-", " ")} ${value}, and --${flag} is ${given}.`, commandName);
  }
  if (dualStack === true && found.host !== "dualstack") {
    throw usage("--endpoint names another host than the dual-stack one.", commandName, "--dual-stack");
  }
  const added = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return { flags: { ...flags, ...added }, host: found.host };
}

/** The host under which the repository is set up; undefined if it is not, or not under one of AWS's. */
export function knownHost(
  names: PackageRepository,
  formats: readonly PackageFormat[],
  { repositories }: Settings,
): PackageHost | undefined {
  const { endpoints = {} } = repositories.find((each) => sameRepository(each, names)) ?? {};
  // Formats can have different ones: those that are set up now come first.
  for (const endpoint of [...formats.map((format) => endpoints[format]), ...Object.values(endpoints)]) {
    const host = endpoint === undefined ? undefined : parsePackageEndpoint(endpoint)?.host;
    if (host !== undefined) return host;
  }
  return undefined;
}

function parseEndpoint(text: string): { host: PackageHost } & Partial<PackageRepository> {
  const url = text.includes("://") ? text : `https://${text}`;
  const found = parsePackageEndpoint(url) ?? parseVpcHost(url);
  if (found) return found;
  throw new VouchError("usage", `--endpoint expects the URL of a repository in AWS CodeArtifact, got "${text}".`, {
    hint: "`aws codeartifact get-repository-endpoint` prints it; for a VPC endpoint without private DNS give https://vpce-ID.d.codeartifact.REGION.vpce.amazonaws.com, as `aws ec2 describe-vpc-endpoints` prints it.",
  });
}
