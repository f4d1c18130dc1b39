/** What a request asks for, in words for the record: no token, header, query or argument is in it. */
import { printable } from "../../base/printable.ts";
import { type Route, routes } from "../protocol.ts";

/** What is recorded of a request. */
export interface Question {
  operation: string;
  /** The endpoint, the format, or the role; absent where there is none. */
  target?: string;
  /** What the package manager says that it changes: its own claim. */
  claim?: string;
}

/** More than names, endpoints and ARNs need; in UTF-16 units. */
const maxText = 200;
const maxClaim = 64;

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

/** The question; undefined for a route that is not recorded. `body` is what came, unchecked. */
export function questionOf(route: Route, body: unknown): Question | undefined {
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
    case routes.environment:
      return question(`tokens${purpose}`, words(fields["format"]));
    case routes.roleCredentials:
      return question("AWS credentials", words(fields["roleArn"]) ?? words(fields["profile"]));
    case routes.publishStart: {
      const { operation, name, version } = (fields["claim"] ?? {}) as Record<string, unknown>;
      const target = urlOf(fields["url"]) ?? words(fields["format"]);
      return question(`touch to ${words(operation, maxClaim) ?? "publish"}`, target, claimOf(name, version));
    }
    default:
      return { operation: route.replace(/^\/v1\//, "").replaceAll("/", " ") };
  }
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
  return typeof value === "string" && value !== "" ? printable(value.slice(0, max)) : undefined;
}

/** Without user information, query and fragment, which may hold a secret; a text that is no URL is not kept. */
function urlOf(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value.replace(/^sparse\+/, "")) : null;
  return url === null ? undefined : words(`${url.protocol}//${url.host}${url.pathname}`);
}
