/** The tokens of a format's endpoints, for the shims of tools that read them from their environment. */
import { routes, type TokensReply } from "../agent/protocol.ts";
import type { TokensRequest } from "../agent/requests.ts";
import { VouchError } from "../base/errors.ts";
import type { PackageFormat } from "../base/package-format.ts";
import type { Purpose } from "../base/purpose.ts";
import { ask } from "./ask.ts";
import { complainBefore, complainOf } from "./output.ts";
import { PublishingRefused } from "./publishing-refused.ts";

export type EndpointToken = TokensReply["endpoints"][number];

/** Of a command that publishes. */
interface Publishing {
  refusal?: () => VouchError | undefined;
  needsToken?: () => Promise<boolean>;
}

/**
 * The tokens of the endpoints of a format that have one, the default one last. What fails is said on stderr in one line
 * each, and the command goes on without: it may not need them. `purpose`: what the command does with the endpoints;
 * `refusal`: why it shall not publish by a touch. Throws `PublishingRefused` if `needsToken` says that the command needs
 * the token that a touch did not lead to.
 */
export async function endpointTokens(
  format: PackageFormat,
  purpose: Purpose = "read",
  { refusal, needsToken }: Publishing = {},
): Promise<EndpointToken[]> {
  const request: TokensRequest = purpose === "read" ? { format } : { format, purpose };
  const askAgent = async () =>
    purpose === "read"
      ? ask(routes.tokens, request)
      : (await import("./touch.ts")).askWithTouch(routes.tokens, request, { format }, { refusal });
  try {
    const { endpoints, failed } = await askAgent().catch(async (error: unknown) => {
      const { askAgain, shimName } = await import("./login.ts");
      return askAgain(error, { by: "shim", name: shimName(), format }, askAgent);
    });
    if (failed !== undefined) complainOf(failed, (await import("./login.ts")).shimName());
    return endpoints;
  } catch (error) {
    if (error instanceof PublishingRefused && (await needsToken?.()) === true) throw error;
    complainBefore((await import("./login.ts")).shimName(), VouchError.from(error));
    return [];
  }
}

/** The variables that the user's files name for these tokens. */
export function tokenVariables(endpoints: readonly EndpointToken[]): Record<string, string> {
  const named = endpoints.flatMap(({ variable, token }) =>
    variable === undefined ? [] : [[variable, token] as const],
  );
  return Object.fromEntries(named);
}
