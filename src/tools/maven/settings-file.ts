/**
 * Edits Maven's settings.xml. The credentials are bound to an id that no project knows, and mirrors lead to that id and
 * its URL: a project names a readable id, or none, and gets no credentials for a URL of its own. For a deployment they
 * are bound to an id that the shim makes for the run.
 *
 * The secret id stands only in `<servers>` and `<mirrors>`. What a settings profile holds becomes part of the project's
 * model, where `${project.repositories[0].id}` would name it in `<distributionManagement>`.
 * https://maven.apache.org/settings.html
 */
import { type Edited } from "../../editing/edited.ts";
import { insertXmlBlocks, readFile, removeXmlBlocks } from "../../editing/xml-blocks.ts";
import { childElements, escapeXml, textOf, type XmlDocument, type XmlElement } from "../../editing/xml-document.ts";
import { deploymentVariable, readableId, secretId } from "./names.ts";

export interface MavenRepository {
  domain: string;
  repository: string;
  endpoint: string;
  tokenVariable: string;
  /** Whether it serves only what names it; otherwise every repository is led to it. */
  isExtra: boolean;
}

/** Every repository but those on this machine. */
const everything = "external:*";

const root = "settings";
const rootTag =
  '<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://maven.apache.org/SETTINGS/1.0.0 https://maven.apache.org/xsd/settings-1.0.0.xsd">';

/** Adds the repository. `text` is undefined if there is no file; `file` is its path for messages. Throws `edit_conflict`. */
export function setMavenRepository(
  text: string | undefined,
  id: string,
  repository: MavenRepository,
  { file, endpoints }: { file: string; endpoints: string[] },
): Edited {
  const { endpoint, tokenVariable, isExtra } = repository;
  const before = text === undefined ? undefined : unsetMavenRepository(text, id, { file, endpoints });
  const secret = secretId(tokenVariable);
  const readable = readableId(repository);
  const edited = insertXmlBlocks(
    before,
    id,
    [
      {
        container: "servers",
        lines: [
          "<server>",
          `  <id>${secret}</id>`,
          "  <username>aws</username>",
          `  <password>\${env.${tokenVariable}}</password>`,
          "</server>",
          "<server>",
          `  <id>\${env.${deploymentVariable(tokenVariable)}}</id>`,
          "  <username>aws</username>",
          `  <password>\${env.${tokenVariable}}</password>`,
          "</server>",
        ],
      },
      {
        container: "mirrors",
        // The first mirror that matches wins, and before all others one that names the id. Ids are unique to Maven 4.
        isFirst: true,
        lines: [
          "<mirror>",
          `  <id>${secret}</id>`,
          `  <mirrorOf>${isExtra ? readable : everything}</mirrorOf>`,
          `  <url>${escapeXml(endpoint)}</url>`,
          "</mirror>",
        ],
      },
      {
        container: "profiles",
        lines: [
          "<profile>",
          `  <id>${readable}</id>`,
          "  <repositories>",
          "    <repository>",
          `      <id>${readable}</id>`,
          `      <url>${escapeXml(endpoint)}</url>`,
          "    </repository>",
          "  </repositories>",
          "</profile>",
        ],
      },
      { container: "activeProfiles", lines: [`<activeProfile>${readable}</activeProfile>`] },
    ],
    { file, root, rootTag },
  );
  return { text: edited, warnings: before === undefined || isExtra ? [] : warningsOf(before, file) };
}

/**
 * Removes the repository with that id. `onKept` receives the user's elements in its blocks. Returns undefined if the
 * file is to be deleted. Throws `edit_conflict`.
 */
export function unsetMavenRepository(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (text: string) => void },
): string | undefined {
  const isOwn = (element: XmlElement, document: XmlDocument): boolean => {
    const found = shapeOf(document, element);
    return ownShapes(endpoints, id).some((shape) => shape.test(found));
  };
  return removeXmlBlocks(text, id, { file, root, isOwn, onKept });
}

/** The element without white space, comments and attributes: `server(id(x)username(aws))`. */
function shapeOf(document: XmlDocument, element: XmlElement): string {
  const children = childElements(element).map((child) => shapeOf(document, child));
  return `${element.name}(${children.join("")}${textOf(document, element).trim()})`;
}

function ownShapes(endpoints: readonly string[], id: string): RegExp[] {
  const [, domain = "", repository = ""] = /^([^/\s]+)\/(\S+)/.exec(id) ?? [];
  const readable = RegExp.escape(readableId({ domain, repository }));
  const url = `url\\((?:${endpoints.map((endpoint) => RegExp.escape(endpoint)).join("|")})\\)`;
  const secret = "id\\(vouch-[0-9a-f]{16}\\)";
  const fresh = "id\\(\\$\\{env\\.VOUCH_DEPLOY_[0-9A-F]{16}\\}\\)";
  return [
    `server\\((?:${secret}|${fresh})username\\(aws\\)password\\(\\$\\{env\\.VOUCH_TOKEN_[0-9A-F]{16}\\}\\)\\)`,
    `mirror\\(${secret}mirrorOf\\((?:${readable}|external:\\*)\\)${url}\\)`,
    `profile\\(id\\(${readable}\\)repositories\\(repository\\(id\\(${readable}\\)${url}\\)\\)\\)`,
    `activeProfile\\(${readable}\\)`,
  ].map((shape) => new RegExp(`^${shape}$`));
}

/** The mirrors of everything that the new one precedes. */
function warningsOf(text: string, file: string): string[] {
  const document = readFile(text, { file, root });
  const mirrors = childElements(document.root, "mirrors").flatMap((each) => childElements(each, "mirror"));
  return mirrors.flatMap((mirror) => {
    const field = (name: string): string =>
      childElements(mirror, name)
        .map((element) => textOf(document, element).trim())
        .join("");
    if (!/(^|[\s,:])\*/.test(field("mirrorOf")) || field("id").startsWith("vouch-")) return [];
    return [
      `${file} has the mirror ${field("id")} of ${field("mirrorOf")}, which this repository now comes before: Maven asks this repository for what that one served.`,
    ];
  });
}
