/** Doctor's checks of Maven's settings.xml: whether it has the repositories, and whether it holds a token. */
import { join } from "node:path";
import { childElements, readXml, textOf, type XmlDocument, XmlError } from "../../editing/xml-document.ts";
import { failure, type Finding, type Machine, ok, type StoredToken } from "../finding.ts";
import { setupCommand } from "../registry-url.ts";
import { readSmallFile } from "../small-files.ts";
import { secretId } from "./names.ts";

function settingsFile({ home }: Machine): string {
  return join(home, ".m2/settings.xml");
}

/** Findings on the repositories that are set up for Maven. */
export function checkMaven(machine: Machine): Finding[] {
  const repositories = machine.settings.repositories.filter(({ files }) => files?.["maven"] !== undefined);
  if (repositories.length === 0) return [];
  const path = settingsFile(machine);
  const text = readSmallFile(path);
  return repositories.map((repository): Finding => {
    const { domain, repository: name, endpoints, tokenVariable } = repository;
    const said = `${domain}/${name}`;
    const parts = [endpoints.maven, tokenVariable, tokenVariable && `<id>${secretId(tokenVariable)}</id>`];
    if (text !== undefined && parts.every((part) => part !== undefined && text.includes(part))) {
      return ok("maven-repository", `Maven's settings lead to ${said} (${path}).`);
    }
    return failure(
      "maven-repository",
      `${path} does not lead Maven to ${said}, for which Vouch is set up.`,
      setupCommand(repository, "maven"),
    );
  });
}

/** Passwords of servers that look like a token of CodeArtifact, which are long and begin as JSON in base64 does. */
export function storedMavenTokens(machine: Machine): StoredToken[] {
  const path = settingsFile(machine);
  const text = readSmallFile(path);
  if (text === undefined) return [];
  let document: XmlDocument;
  try {
    document = readXml(text);
  } catch (error) {
    if (error instanceof XmlError) return [];
    throw error;
  }
  return childElements(document.root, "servers")
    .flatMap((servers) => childElements(servers, "server"))
    .flatMap((server) => childElements(server, "password"))
    .filter((password) => /^eyJ\S{200,}$/.test(textOf(document, password).trim()))
    .map(({ from }) => ({ path, line: text.slice(0, from).split("\n").length, tool: "maven" }));
}
