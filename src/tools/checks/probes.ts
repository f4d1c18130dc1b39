/** What the doctor asks of an endpoint: the smallest request that is answered only for a token with read permission. */
import { parseJson, tableOf } from "../../base/json.ts";
import type { PackageFormat } from "../../base/package-format.ts";

export interface Probe {
  /** Relative to the endpoint. */
  path: string;
  authorization: (token: string) => string;
  /** The Accept header, where the registry may refuse a request without one. */
  accept?: string;
  /** Whether a 2xx body is an answer of this registry. */
  isAnswer: (body: string) => boolean;
  /** Whether 404 is a valid answer, because the repository is known to exist. */
  mayBeAbsent: boolean;
  /** Whether the registry itself answers with HTML pages. */
  isHtml: boolean;
}

/** A package that no repository has. */
const absent = "vouch-doctor-checks-whether-it-may-read";

const bearer = (token: string): string => `Bearer ${token}`;
/** With the user name that AWS documents. */
export const basic = (token: string): string => `Basic ${Buffer.from(`aws:${token}`).toString("base64")}`;

/** Absent for a format without a registry of its own: generic packages are asked of AWS's API alone. */
export const probes: Partial<Record<PackageFormat, Probe>> = {
  // https://doc.rust-lang.org/cargo/reference/registry-index.html#index-configuration
  cargo: {
    path: "config.json",
    authorization: (token) => token,
    isAnswer: (body) => typeof tableOf(parseJson(body))["dl"] === "string",
    mayBeAbsent: false,
    isHtml: false,
  },
  // https://maven.apache.org/repositories/layout.html
  maven: {
    path: `${absent}/${absent}/maven-metadata.xml`,
    authorization: basic,
    isAnswer: (body) => body.includes("<metadata"),
    mayBeAbsent: true,
    isHtml: false,
  },
  // What `npm ping` asks. CodeArtifact wants ReadFromRepository for it.
  npm: {
    path: "-/ping",
    authorization: bearer,
    isAnswer: (body) => typeof (parseJson(body) ?? undefined) === "object",
    mayBeAbsent: false,
    isHtml: false,
  },
  // https://learn.microsoft.com/nuget/api/service-index
  nuget: {
    path: "v3/index.json",
    authorization: basic,
    isAnswer: (body) => Array.isArray(tableOf(parseJson(body))["resources"]),
    mayBeAbsent: false,
    isHtml: false,
  },
  // https://packaging.python.org/en/latest/specifications/simple-repository-api/
  pypi: {
    path: `simple/${absent}/`,
    authorization: basic,
    isAnswer: (body) => body.includes(absent),
    mayBeAbsent: true,
    isHtml: true,
  },
  // https://guides.rubygems.org/rubygems-org-compact-index-api/
  ruby: {
    path: `info/${absent}`,
    authorization: basic,
    isAnswer: (body) => body.startsWith("---"),
    mayBeAbsent: true,
    isHtml: false,
  },
  // https://docs.swift.org/package-manager/registry: "List package releases"
  swift: {
    path: `${absent.slice(0, 12)}/${absent}`,
    authorization: bearer,
    accept: "application/vnd.swift.registry.v1+json",
    isAnswer: (body) => typeof tableOf(parseJson(body))["releases"] === "object",
    mayBeAbsent: true,
    isHtml: false,
  },
};
