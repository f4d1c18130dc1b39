/** Tokens in Maven's settings.xml, as AWS's console has people write them there. */
import { join } from "node:path";
import { childElements, readXml, textOf } from "../../editing/xml-document.ts";
import type { Machine, TokenLine, TokenPlace } from "../checks/finding.ts";
import { isStored, tokenUser } from "../checks/token-lines.ts";

export function mavenTokenPlaces({ home }: Machine): TokenPlace[] {
  return [{ path: join(home, ".m2/settings.xml"), tool: "maven", tokens }];
}

/** Passwords of servers with CodeArtifact's user name; ignores references to variables and what Maven has encrypted. */
function tokens(text: string): TokenLine[] {
  const document = readXml(text);
  return childElements(document.root, "servers")
    .flatMap((servers) => childElements(servers, "server"))
    .filter((server) => childElements(server, "username").some((name) => textOf(document, name).trim() === tokenUser))
    .flatMap((server) => childElements(server, "password"))
    .filter((password) => {
      const value = textOf(document, password).trim();
      return isStored(value) && !value.startsWith("{");
    })
    .map(({ from, contentFrom }) => ({ line: lineOf(text, Math.max(from, contentFrom)) }));
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
