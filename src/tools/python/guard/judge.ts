/**
 * Judges whether a project's mentions of hosts would send a token anywhere but to a configured endpoint over verified
 * TLS.
 */
import { type MatchReply, routes } from "../../../agent/protocol.ts";
import type { MatchRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { ask } from "../../../helper/ask.ts";
import type { Mention } from "../project/mentions.ts";

export interface Verdict {
  /** A definite fault of the project: no token. */
  refusal?: VouchError;
  /** What cannot be read, so that the result is unknown. */
  doubt?: VouchError;
  /** The hosts of configured endpoints among the URLs. */
  hosts: string[];
  /** The URLs that lie in a configured endpoint. */
  configured: Set<string>;
}

/**
 * Judges the mentions, and returns which of the other `urls` lie in a configured endpoint. Asks the agent, or reads the
 * settings if no agent is running. Throws as `ask`.
 */
export async function judge(mentions: readonly Mention[], urls: readonly string[] = []): Promise<Verdict> {
  // No connection is made to a file: URL.
  const mentioned = mentions.flatMap(({ url }) => (url === undefined || /^([a-z]+\+)?file:/i.test(url) ? [] : [url]));
  const asked = [...new Set([...urls, ...mentioned])];
  if (asked.length === 0 && mentions.length === 0) return { hosts: [], configured: new Set() };
  const reply = await match(asked.map(withPlainPath));
  const configured = new Set(asked.filter((_, index) => reply.configured[index] === true));
  const onHost = new Set(asked.filter((_, index) => reply.onConfiguredHost[index] === true));
  const hosts = new Set([...configured].flatMap((url) => URL.parse(url)?.hostname ?? []));
  const verdict: Verdict = { hosts: [...hosts], configured };
  for (const mention of mentions) {
    const why = faultOf(mention, configured, onHost);
    if (why === undefined) continue;
    if (mention.kind === "unknown") verdict.doubt ??= why;
    else verdict.refusal ??= why;
  }
  return verdict;
}

/** Decodes harmless percent-encoding in a path, which would otherwise exclude the URL from getting a token. */
function withPlainPath(url: string): string {
  const start = /^[^:]+:\/\/[^/?#]*/.exec(url)?.[0] ?? "";
  return start + url.slice(start.length).replace(/%(?!2e|2f|5c)[0-9a-f]{2}/gi, "x");
}

/** Maximum number of URLs per request: the agent limits bodies. */
const batch = 200;

async function match(urls: string[]): Promise<MatchReply> {
  const whole: MatchReply = { configured: [], onConfiguredHost: [] };
  for (let at = 0; at < urls.length; at += batch) {
    const { configured, onConfiguredHost } = await matchBatch({ urls: urls.slice(at, at + batch) });
    whole.configured.push(...configured);
    whole.onConfiguredHost.push(...onConfiguredHost);
  }
  return whole;
}

async function matchBatch(request: MatchRequest): Promise<MatchReply> {
  try {
    return await ask(routes.match, request);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "login_needed") throw error;
    return (await import("../../../agent/job/in-process.ts")).matchBySettings(request);
  }
}

/** Where the user's own settings of the tools are. */
const ownFiles = {
  pip: "~/.config/pip/pip.conf, or where PIP_CONFIG_FILE says",
  uv: "~/.config/uv/uv.toml, or where UV_CONFIG_FILE says",
  PDM: "~/.config/pdm/config.toml, or where PDM_CONFIG_FILE says",
};

function faultOf(
  { kind, place, url = "", what = "", tool = "pip" }: Mention,
  configured: Set<string>,
  onHost: Set<string>,
): VouchError | undefined {
  switch (kind) {
    case "url":
      if (!onHost.has(url) || configured.has(url)) return undefined;
      if (!/^([a-z]+\+)?https:/i.test(url)) {
        return fault(
          `${place} names ${shown(url)}: no token goes over a connection without TLS.`,
          "Write https there.",
        );
      }
      return fault(
        `${place} names ${shown(url)}, on the host of a repository of yours, but no repository that Vouch is set up for.`,
        "If it is yours too: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`. Else delete the line.",
      );
    case "unverified":
      if (!onHost.has(url)) return undefined;
      return fault(
        `${place} has the certificate of ${shown(url.replace(/^https:\/\/|\/$/g, ""))} not checked: no token goes there.`,
        "Delete the line. A certificate of your company's is trusted by PIP_CERT, or SSL_CERT_FILE for uv.",
      );
    case "secret":
      if (configured.has(url)) return undefined;
      return fault(
        `${place} puts the token of ${what} into ${url === "" ? "a text of its own" : shown(url)}, which is not the repository's.`,
        `Delete the line, or leave ${what} out of the environment.`,
      );
    case "elsewhere":
      if (configured.has(url)) return undefined;
      return fault(
        `${place} names ${shown(url)}. ${tool} would send the token to whatever http:// address that names on the repository's host.`,
        "If it is an index of yours, name it in your own file: `pdm config pypi.NAME.url URL`. Else use uv, which keeps tokens by scheme.",
      );
    case "setting":
      return fault(
        `${place} sets ${shown(what)}, which may decide about ${tool}'s network or about trust: no token goes by it.`,
        `Delete the line. Settings of your own belong in ${ownFiles[tool]}.`,
      );
    case "unknown":
      return fault(
        `${place}: ${shown(what)}. What it says about hosts and certificates is not known, so it gets no token.`,
        "Name such a file on the command line, or save it as UTF-8.",
      );
  }
}

function fault(message: string, hint: string): VouchError {
  return new VouchError("project_untrusted", message, { hint });
}

/** Untrusted text in printable form: one line of ASCII, others by their numbers, truncated. */
function shown(text: string): string {
  const number = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  const clean = text.replace(/[^\x20-\x7e]/gu, number);
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
