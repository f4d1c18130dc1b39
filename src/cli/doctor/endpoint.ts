/** What a URL found in a package manager's file is to Vouch. */
import type { PackageFormat } from "../../agent/protocol.ts";
import { findRegistry } from "../../config/registries.ts";
import type { Settings } from "../../config/settings.ts";

export interface CodeArtifactNames {
  domain: string;
  domainOwner: string;
  region: string;
  repository: string;
}

export type EndpointKind =
  | { kind: "configured"; endpoint: string }
  | ({ kind: "codeartifact" } & CodeArtifactNames)
  | { kind: "other" };

/** `{domain}-{owner}.d.codeartifact.{region}.{suffix}`; a domain may contain hyphens, so the last one before 12 digits splits. */
const packageHost = /^([a-z][a-z0-9-]{0,48}[a-z0-9])-([0-9]{12})(?:\.d)?\.codeartifact\.([a-z0-9-]+)\./;

/** Whether the URL lies in a configured endpoint, in another repository of CodeArtifact, or elsewhere. */
export function classify(text: string, format: PackageFormat, settings: Settings): EndpointKind {
  const url = URL.parse(text);
  if (!url) return { kind: "other" };
  const registry = findRegistry(settings, `${url.origin}${url.pathname}`, format);
  if (registry) return { kind: "configured", endpoint: registry.endpoint };
  const [, domain, domainOwner, region] = packageHost.exec(url.hostname) ?? [];
  if (domain === undefined || domainOwner === undefined || region === undefined) return { kind: "other" };
  return { kind: "codeartifact", domain, domainOwner, region, repository: url.pathname.split("/")[2] ?? "" };
}

/** The command that configures a repository. */
export function setupCommand(names: CodeArtifactNames, tool: "cargo" | "npm" | "pip"): string {
  const { domain, domainOwner, region, repository } = names;
  return `vouch setup codeartifact --domain ${domain} --domain-owner ${domainOwner} --repository ${repository} --region ${region} --tool ${tool}`;
}

/** A URL that may be shown: without password and query. */
export function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return text.replace(/\/\/[^/@\s]*@/g, "//");
  if (url.password !== "") url.password = "…";
  url.search = "";
  return url.href.replace("%E2%80%A6", "…");
}
