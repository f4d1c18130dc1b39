/**
 * The URLs of CodeArtifact repositories. AWS names one repository in three ways:
 *
 *     ipv4       https://{domain}-{owner}.d.codeartifact.{region}.{suffix}/{format}/{repository}/
 *     dualstack  https://{domain}-{owner}.codeartifact.{region}.{on-suffix}/{format}/{repository}/
 *     VPC        https://vpce-{id}.d.codeartifact.{region}.vpce.{suffix}/{format}/d/{domain}-{owner}/{repository}/
 *
 * The suffixes are those of the region's partition. The first two follow from the names alone; the id of a VPC endpoint
 * is known to its owner only, who has no private DNS for it.
 */
import type { PackageFormat } from "../base/package-format.ts";
import { checkNames, type PackageRepository } from "./endpoints.ts";
import { accountPattern, domainPattern, regionPattern, repositoryPattern } from "./names.ts";
import { regionPartition } from "./partitions.ts";

/** The host of an endpoint: one of the two that follow from the names, or a VPC endpoint's, by its first label. */
export type PackageHost = EndpointType | VpcEndpoint;
/** As `endpointType` of GetRepositoryEndpoint has it. */
export type EndpointType = "ipv4" | "dualstack";
/** `vpce-0743fe535b883ffff-76ddffff`, with `-us-west-2a` at its end for one availability zone. */
type VpcEndpoint = `vpce-${string}`;

/** An endpoint taken to pieces. */
export interface ParsedEndpoint extends PackageRepository {
  /** As the URL has it: CodeArtifact may have formats that Vouch does not know. */
  format: string;
  host: PackageHost;
}

/**
 * The URL of a repository for one package format, with a trailing slash, derived from the naming rules; only
 * GetRepositoryEndpoint is authoritative. Throws `usage` for malformed names.
 */
export function packageEndpoint(
  request: PackageRepository & { format: PackageFormat; host?: PackageHost | undefined },
): string {
  checkNames(request);
  return endpointOf({ ...request, host: request.host ?? "ipv4" });
}

/**
 * Takes a URL to pieces that lies in an endpoint of one of AWS's forms; undefined for any other, and if a part of it is
 * malformed. The host is compared whole: what is left of a look-alike is another one.
 */
export function parsePackageEndpoint(text: string): ParsedEndpoint | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.port !== "") return undefined;
  const [, first = "", region = ""] = /^([a-z0-9-]+)(?:\.d)?\.codeartifact\.([a-z0-9-]+)\./.exec(url.hostname) ?? [];
  const [format = "", ...segments] = url.pathname.split("/").slice(1);
  const isVpc = isVpcEndpoint(first) && segments[0] === "d";
  const [names = "", repository = ""] = isVpc ? segments.slice(1) : [first, segments[0]];
  // A domain may contain hyphens: its owner is what follows the last one.
  const cut = names.lastIndexOf("-");
  const parts = { domain: names.slice(0, Math.max(cut, 0)), domainOwner: names.slice(cut + 1), region, repository };
  if (!/^[a-z]+$/.test(format) || !areNames(parts)) return undefined;
  const hosts: PackageHost[] = isVpc ? [first] : ["ipv4", "dualstack"];
  const host = hosts.find((each) => hostName({ ...parts, host: each }) === url.hostname);
  return host === undefined ? undefined : { ...parts, format, host };
}

/** The VPC endpoint that a URL without a path names, and its region; undefined for any other URL. */
export function parseVpcHost(text: string): { host: VpcEndpoint; region: string } | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.port !== "" || url.pathname !== "/") return undefined;
  const [, host = "", region = ""] = /^([a-z0-9-]+)\.d\.codeartifact\.([a-z0-9-]+)\./.exec(url.hostname) ?? [];
  if (!isVpcEndpoint(host) || !regionPattern.test(region)) return undefined;
  const isOwn = hostName({ domain: "", domainOwner: "", region, host }) === url.hostname;
  return isOwn ? { host, region } : undefined;
}

/**
 * The same endpoint under the hosts that follow from its names, without itself. None unless it has one of AWS's forms
 * itself, with the repository's own names: nothing is known of another host.
 */
export function equivalentEndpoints(repository: PackageRepository, format: PackageFormat, endpoint: string): string[] {
  const { host } = parsePackageEndpoint(endpoint) ?? {};
  if (host === undefined || endpointOf({ ...repository, format, host }) !== endpoint.replace(/\/?$/, "/")) return [];
  const { supportsDualStack } = regionPartition(repository.region);
  const types: EndpointType[] = supportsDualStack ? ["ipv4", "dualstack"] : ["ipv4"];
  return types.filter((type) => type !== host).map((type) => endpointOf({ ...repository, format, host: type }));
}

/** The URL of a VPC endpoint, as `parseVpcHost` takes it. */
export function vpcEndpointUrl(host: VpcEndpoint, region: string): string {
  return `https://${hostName({ domain: "", domainOwner: "", region, host })}`;
}

/** Whether a host's first label names a VPC endpoint. */
function isVpcEndpoint(label: string): label is VpcEndpoint {
  return /^vpce-[a-z0-9-]+$/.test(label);
}

function endpointOf(parts: PackageRepository & { format: string; host: PackageHost }): string {
  const { domain, domainOwner, repository, format, host } = parts;
  const path = isVpcEndpoint(host) ? `d/${domain}-${domainOwner}/${repository}` : repository;
  return `https://${hostName(parts)}/${format}/${path}/`;
}

function hostName({
  domain,
  domainOwner,
  region,
  host,
}: Omit<PackageRepository, "repository"> & { host: PackageHost }) {
  const { dnsSuffix, dualStackDnsSuffix } = regionPartition(region);
  if (host === "ipv4") return `${domain}-${domainOwner}.d.codeartifact.${region}.${dnsSuffix}`;
  if (host !== "dualstack") return `${host}.d.codeartifact.${region}.vpce.${dnsSuffix}`;
  // Services answer below `api.`, what customers have made in them below `on.`.
  return `${domain}-${domainOwner}.codeartifact.${region}.${dualStackDnsSuffix.replace(/^api\./, "on.")}`;
}

function areNames({ domain, domainOwner, region, repository }: PackageRepository): boolean {
  return (
    domainPattern.test(domain) &&
    accountPattern.test(domainOwner) &&
    regionPattern.test(region) &&
    repositoryPattern.test(repository)
  );
}
