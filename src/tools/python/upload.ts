/** The token for the place that a person publishes to: bound to its URL, whatever it is called. */
import { routes } from "../../agent/protocol.ts";
import type { TokenRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import { complain } from "../../helper/output.ts";
import { PublishingRefused } from "../../helper/publishing-refused.ts";
import { askForToken } from "../../helper/touch.ts";
import { endpointTokens } from "../../helper/tokens.ts";
import { judge } from "./guard/judge.ts";

export interface Upload {
  url: string;
  token: string;
}

/**
 * The token for a URL; undefined if it lies in no endpoint, or, with a warning, if there is no session. `place` says who
 * named the URL, `refusal` why nobody shall be asked for a touch. Throws `project_untrusted` if it is on the host of an endpoint without TLS, or in another repository,
 * and `PublishingRefused`.
 */
export async function uploadToUrl(
  url: string,
  place: string,
  refusal?: () => VouchError | undefined,
): Promise<Upload | undefined> {
  const request: TokenRequest = { url, format: "pypi", purpose: "publish" };
  try {
    const askAgent = async () => askForToken(request, { refusal });
    const { token } = await askAgent().catch(async (error: unknown) => {
      const { askAgain, shimName } = await import("../../helper/login.ts");
      const need = { by: "shim", name: shimName(), format: "pypi", urls: [url] } as const;
      return askAgain(error, need, askAgent);
    });
    return { url, token };
  } catch (error) {
    if (error instanceof PublishingRefused) throw error;
    const failed = VouchError.from(error);
    if (failed.code !== "not_configured") {
      complain(failed);
      return undefined;
    }
  }
  const { refusal: fault } = await judge([{ kind: "url", place, url: url.replace(/^([^:]+:\/\/)[^/@]*@/, "$1") }]);
  if (fault !== undefined) throw fault;
  return undefined;
}

/**
 * The repository of that name that is set up, the default one before others; undefined if there is none. Throws
 * `PublishingRefused`.
 */
export async function uploadToRepository(name: string): Promise<Upload | undefined> {
  const isNamed = (endpoint: string): boolean => endpoint.replace(/\/*$/, "").endsWith(`/${name}`);
  const needsToken = async (): Promise<boolean> => {
    const { repositories } = await ask(routes.status, undefined);
    return repositories.some(({ endpoints: { pypi } }) => pypi !== undefined && isNamed(pypi));
  };
  const endpoints = await endpointTokens("pypi", "publish", { needsToken });
  const found = endpoints.findLast(({ endpoint }) => isNamed(endpoint));
  return found && { url: found.endpoint, token: found.token };
}
