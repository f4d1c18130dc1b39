/** Classifies a URL from a package manager's file. */
import type { PackageFormat } from "../base/package-format.ts";
import { accountPattern, domainPattern } from "../aws/names.ts";
import { findRegistry } from "../settings/registries.ts";
import type { Settings } from "../settings/settings.ts";

/** The pattern without its anchors, as part of another one. */
function inside({ source }: RegExp): string {
  return source.replace(/^\^|\$$/g, "");
}

export interface CodeArtifactNames {
  domain: string;
  domainOwner: string;
  region: string;
  repository: string;
}

/** Kinds of CodeArtifact hosts. Vouch sets up IPv4 hosts. */
export type HostKind = "IPv4" | "dual-stack" | "VPC endpoint";

export type EndpointKind =
  | { kind: "configured"; endpoint: string }
  | ({ kind: "codeartifact"; host: HostKind } & CodeArtifactNames)
  | { kind: "other" };

/** `{domain}-{owner}`; a domain may contain hyphens, so the last one before 12 digits splits. */
const domainAndOwner = `(${inside(domainPattern)})-(${inside(accountPattern)})`;
/** `{domain}-{owner}.d.codeartifact.{region}.{suffix}`, and without `.d` the dual-stack host. */
const packageHost = new RegExp(`^${domainAndOwner}(\\.d)?\\.codeartifact\\.([a-z0-9-]+)\\.`);
/** `vpce-….d.codeartifact.{region}.vpce.{suffix}/{format}/d/{domain}-{owner}/{repository}/` */
const vpcHost = /^vpce-[a-z0-9-]+\.d\.codeartifact\.([a-z0-9-]+)\.vpce\./;
const vpcPath = new RegExp(`^/[a-z]+/d/${domainAndOwner}/([^/]+)`);

/** Whether the URL lies in a configured endpoint, in another CodeArtifact repository, or elsewhere. */
export function classify(text: string, format: PackageFormat, settings: Settings): EndpointKind {
  const url = URL.parse(text);
  if (!url) return { kind: "other" };
  const registry = findRegistry(settings, `${url.origin}${url.pathname}`, format);
  if (registry) return { kind: "configured", endpoint: registry.endpoint };
  const [, vpcRegion] = vpcHost.exec(url.hostname) ?? [];
  if (vpcRegion !== undefined) {
    const [, domain = "", domainOwner = "", repository = ""] = vpcPath.exec(url.pathname) ?? [];
    return { kind: "codeartifact", host: "VPC endpoint", domain, domainOwner, region: vpcRegion, repository };
  }
  const [, domain, domainOwner, d, region] = packageHost.exec(url.hostname) ?? [];
  if (domain === undefined || domainOwner === undefined || region === undefined) return { kind: "other" };
  const host = d === undefined ? "dual-stack" : "IPv4";
  return { kind: "codeartifact", host, domain, domainOwner, region, repository: url.pathname.split("/")[2] ?? "" };
}

/** The remedy for a CodeArtifact URL that is not set up; `flags` are appended to the command. */
export function codeArtifactRemedy(
  found: Extract<EndpointKind, { kind: "codeartifact" }>,
  tool: string,
  flags = "",
): string {
  const command = `\`${setupCommand(found, tool)}${flags}\``;
  if (found.host === "IPv4") return `Correct the line, or run ${command}.`;
  return `Vouch does not know the ${found.host} hosts of CodeArtifact yet and gives no token to one: run ${command}, which writes the repository's IPv4 host, and delete the line.`;
}

/** The command that sets up a repository. */
export function setupCommand(names: CodeArtifactNames, tool: string): string {
  const { domain, domainOwner, region, repository } = names;
  return `vouch setup codeartifact --domain ${domain} --domain-owner ${domainOwner} --repository ${repository} --region ${region} --tool ${tool}`;
}

/** A URL to display: without password and query. */
export function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return text.replace(/\/\/[^/@\s]*@/g, "//");
  if (url.password !== "") url.password = "…";
  url.search = "";
  return url.href.replace("%E2%80%A6", "…");
}
