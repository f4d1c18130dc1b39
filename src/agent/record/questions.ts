/** What a request asks for, in words for the record: no token, header, query or argument is in it. */
import { printable } from "../../base/printable.ts";
import { type Route, routes } from "../protocol.ts";

/** What is recorded of a request. */
export interface Question {
  operation: string;
  /** The endpoint, the format, or the role; absent where there is none. */
  target?: string;
}

const maxText = 256;

/** Routes that give nothing out and change nothing: looking is not recorded. */
const silent: ReadonlySet<Route> = new Set([
  routes.status,
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
      return question(cargoOperation(fields), urlOf((fields["registry"] as Record<string, unknown>)?.["index-url"]));
    case routes.token:
      return question(`token${purpose}`, urlOf(fields["url"]) ?? words(fields["format"]));
    case routes.tokens:
    case routes.environment:
      return question(`tokens${purpose}`, words(fields["format"]));
    case routes.roleCredentials:
      return question("AWS credentials", words(fields["roleArn"]) ?? words(fields["profile"]));
    case routes.publishStart: {
      const { operation, name, version } = (fields["claim"] ?? {}) as Record<string, unknown>;
      const claimed = [operation, name, version].flatMap((each) => words(each) ?? []).join(" ");
      return question(
        `touch to ${claimed === "" ? "publish" : claimed}`,
        urlOf(fields["url"]) ?? words(fields["format"]),
      );
    }
    default:
      return { operation: route.replace(/^\/v1\//, "").replaceAll("/", " ") };
  }
}

function cargoOperation({ operation, name, vers }: Record<string, unknown>): string {
  const claimed = [operation ?? "read", name, vers].flatMap((each) => words(each) ?? []);
  return ["cargo", ...claimed].join(" ");
}

function question(operation: string, target: string | undefined): Question {
  return target === undefined ? { operation } : { operation, target };
}

function words(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? printable(value.slice(0, maxText)) : undefined;
}

/** Without user information, query and fragment, which may hold a secret; a text that is no URL is not kept. */
function urlOf(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value.replace(/^sparse\+/, "")) : null;
  return url === null ? undefined : words(`${url.protocol}//${url.host}${url.pathname}`);
}
