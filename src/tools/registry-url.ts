/** Classifies a URL from a package manager's file. */
import type { PackageFormat } from "../base/package-format.ts";
import { type PackageHost, parsePackageEndpoint, vpcEndpointUrl } from "../aws/package-endpoints.ts";
import { findRegistry } from "../settings/registries.ts";
import type { Settings } from "../settings/settings.ts";
import { type VariableRule, warns } from "./checks/finding.ts";

export interface CodeArtifactNames {
  domain: string;
  domainOwner: string;
  region: string;
  repository: string;
}

export type EndpointKind =
  | { kind: "configured"; endpoint: string }
  | ({ kind: "codeartifact"; host: PackageHost } & CodeArtifactNames)
  | { kind: "other" };

/** What begins as a host of CodeArtifact: mistyped, or a look-alike. The names in it are what was meant. */
const alike = /^([a-z][a-z0-9-]*[a-z0-9])-([0-9]{12})(?:\.d)?\.codeartifact\.([a-z0-9-]+)\./;

/** Whether the URL lies in a configured endpoint, in another CodeArtifact repository, or elsewhere. */
export function classify(text: string, format: PackageFormat, settings: Settings): EndpointKind {
  const url = URL.parse(text);
  if (!url) return { kind: "other" };
  const registry = findRegistry(settings, `${url.origin}${url.pathname}`, format);
  if (registry) return { kind: "configured", endpoint: registry.endpoint };
  const found = parsePackageEndpoint(url.href);
  if (found) return { kind: "codeartifact", ...found };
  const [, domain, domainOwner, region] = alike.exec(url.hostname) ?? [];
  if (domain === undefined || domainOwner === undefined || region === undefined) return { kind: "other" };
  const repository = url.pathname.split("/")[2] ?? "";
  return { kind: "codeartifact", host: "ipv4", domain, domainOwner, region, repository };
}

/** The remedy for a CodeArtifact URL that is not set up; `flags` are appended to the command. */
export function codeArtifactRemedy(
  found: Extract<EndpointKind, { kind: "codeartifact" }>,
  tool: string,
  flags = "",
): string {
  return `Correct the line, or run \`${setupCommand(found, tool)}${hostFlag(found)}${flags}\`.`;
}

/** The flag that chooses the host of a URL; a repository that is set up keeps its own without one. */
function hostFlag({ host, region }: { host: PackageHost; region: string }): string {
  if (host === "ipv4") return "";
  return host === "dualstack" ? " --dual-stack" : ` --endpoint ${vpcEndpointUrl(host, region)}`;
}

/** The command that sets up a repository. */
export function setupCommand(names: CodeArtifactNames, tool: string): string {
  const { domain, domainOwner, region, repository } = names;
  return `vouch setup codeartifact --domain ${domain} --domain-owner ${domainOwner} --repository ${repository} --region ${region} --tool ${tool}`;
}

/**
 * Judges a variable with the URL of a registry of that format that a tool prefers to its files': a warning, which ends
 * with `what`, unless it is configured.
 */
export function unlessConfigured(format: PackageFormat, what: string): VariableRule["harm"] {
  return (value, { settings }) =>
    classify(value, format, settings).kind === "configured" ? undefined : warns(`is ${withoutSecrets(value)}: ${what}`);
}

/** A URL to display: without password and query. */
export function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return text.replace(/\/\/[^/@\s]*@/g, "//");
  if (url.password !== "") url.password = "…";
  url.search = "";
  return url.href.replace("%E2%80%A6", "…");
}
