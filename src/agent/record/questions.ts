/** What a request asks for, in words for the record: no token, header, query or argument is in it. */
import { type PackageFormat, packageFormats } from "../../base/package-format.ts";
import { printable } from "../../base/printable.ts";
import { withoutTokens } from "../../base/trace.ts";
import type { RepositorySettings } from "../../settings/settings.ts";
import { type Route, routes, type TokenReply } from "../protocol.ts";

/** What is recorded of a request. */
export interface Question {
  operation: string;
  /** The endpoints, the format, or the role; absent where there is none. */
  target?: string;
  /** What the package manager says that it changes: its own claim. */
  claim?: string;
  /** Whether the asker becomes the program that it asks for, as shims and `vouch exec` do. */
  isProgram?: true;
}

/** More than names, endpoints and ARNs need; in UTF-16 units. */
const maxText = 200;
const maxClaim = 64;
/** How many endpoints one target names. */
const maxEndpoints = 4;

/** Routes that give nothing out and change nothing: looking is not recorded. */
const silent: ReadonlySet<Route> = new Set([
  routes.status,
  routes.timeLeft,
  routes.match,
  routes.record,
  routes.fingerprints,
  routes.sessions,
  routes.keys,
]);

/**
 * The question; undefined for a route that is not recorded. `body` is what came, unchecked; of the repositories come the
 * endpoints of a question that names none.
 */
export function questionOf(
  route: Route,
  body: unknown,
  repositories: readonly RepositorySettings[] = [],
): Question | undefined {
  if (silent.has(route)) return undefined;
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const purpose = fields["purpose"] === "publish" ? " to publish" : "";
  switch (route) {
    case routes.cargo:
      return question(
        `cargo ${words(fields["operation"], maxClaim) ?? "read"}`,
        urlOf((fields["registry"] as Record<string, unknown>)?.["index-url"]),
        claimOf(fields["name"], fields["vers"]),
      );
    case routes.token:
      return question(`token${purpose}`, urlOf(fields["url"]) ?? words(fields["format"]));
    case routes.tokens:
    case routes.environment: {
      const target = endpointsOf(repositories, fields["format"]) ?? words(fields["format"]);
      return { ...question(`tokens${purpose}`, target), isProgram: true };
    }
    case routes.roleCredentials:
      return question("AWS credentials", words(fields["roleArn"]) ?? words(fields["profile"]));
    case routes.publishStart: {
      const { operation, name, version } = (fields["claim"] ?? {}) as Record<string, unknown>;
      const target = urlOf(fields["url"]) ?? endpointsOf(repositories, fields["format"]) ?? words(fields["format"]);
      return question(`touch to ${words(operation, maxClaim) ?? "publish"}`, target, claimOf(name, version));
    }
    default:
      return { operation: route.replace(/^\/v1\//, "").replaceAll("/", " ") };
  }
}

/** The question once it is answered: one without a URL is for the endpoint that the reply names. */
export function answeredQuestion(asked: Question, route: Route, reply: object): Question {
  const endpoint = route === routes.token ? urlOf((reply as TokenReply).endpoint) : undefined;
  return endpoint === undefined ? asked : { ...asked, target: endpoint };
}

/** The endpoints of a format, or all without one. */
function endpointsOf(repositories: readonly RepositorySettings[], format: unknown): string | undefined {
  const formats = format === undefined ? packageFormats : packageFormats.filter((each) => each === format);
  const found = repositories.flatMap(({ endpoints }) =>
    formats.flatMap((each: PackageFormat) => endpoints[each] ?? []),
  );
  const shown = found.slice(0, maxEndpoints).flatMap((url) => urlOf(url) ?? []);
  if (shown.length === 0) return undefined;
  const more = found.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

function question(operation: string, target: string | undefined, claim?: string): Question {
  return {
    operation,
    ...(target === undefined ? {} : { target }),
    ...(claim === undefined ? {} : { claim }),
  };
}

function claimOf(...parts: unknown[]): string | undefined {
  return words(parts.flatMap((part) => words(part, maxClaim) ?? []).join(" "));
}

function words(value: unknown, max = maxText): string | undefined {
  return typeof value === "string" && value !== "" ? withoutTokens(printable(value.slice(0, max))) : undefined;
}

/** Without user information, query and fragment, which may hold a secret; a text that is no URL is not kept. */
function urlOf(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value.replace(/^sparse\+/, "")) : null;
  return url === null ? undefined : words(`${url.protocol}//${url.host}${url.pathname}`);
}
