/** What the POMs of a project say, as far as they are files here: where to deploy, and what they ask of the user's settings. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readRegularFile } from "../../../base/system/regular-file.ts";
import { childElements, readXml, textOf, type XmlDocument, type XmlElement } from "../../../editing/xml-document.ts";

const maxBytes = 4 << 20;
/** Limit on files: untrusted input names them. */
const maxPoms = 2000;

export interface Poms {
  /** The URLs of `<distributionManagement>`, as written. */
  releases: Set<string>;
  snapshots: Set<string>;
  /** Whether a parent, or a POM that could not be read, may say more. */
  isPartial: boolean;
  /** The first expression that reads the user's settings or Maven's own state, with its file. */
  expression: { file: string; text: string } | undefined;
}

/**
 * Expressions for plugins through which a POM reads credentials, without code of its own: settings, the session, and
 * the repositories that Maven has made of both.
 */
const reading =
  /\$\{\s*(?:(?:settings(?!\.localRepository\s*\})|session(?!\.(?:executionRootDirectory|startTime|rootDirectory|topDirectory|request\.startTime)\s*\})|mojo|mojoExecution|plugin(?!\.(?:version|artifactId|groupId)\s*\})|reactorProjects|localRepository)\b|project\.(?:\w*[aA]rtifactRepositor\w*|remote\w*Repositor\w*|\w*BuildingRequest)\b)[^}]*\}?/;

/** The POM's file; undefined if there is none. */
function pomAt(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return pomAt(join(path, "pom.xml"));
  return stat ? path : undefined;
}

/** Reads the POM at this path (a file, or a folder), its parents and its modules. */
export function readPoms(path: string): Poms {
  const poms: Poms = { releases: new Set(), snapshots: new Set(), isPartial: false, expression: undefined };
  const seen = new Set<string>();
  const queue = [pomAt(path)];
  for (let file = queue.shift(); file !== undefined && seen.size < maxPoms; file = queue.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const each of readPom(file, poms)) if (each !== undefined) queue.push(each);
  }
  if (queue.length > 0) poms.isPartial = true;
  return poms;
}

function readPom(file: string, poms: Poms): (string | undefined)[] {
  let document: XmlDocument;
  let text: string;
  try {
    text = readRegularFile(file, maxBytes).toString("utf8");
    document = readXml(text);
  } catch {
    poms.isPartial = true;
    return [];
  }
  const found = reading.exec(text)?.[0];
  if (found !== undefined) poms.expression ??= { file, text: found };
  const folder = dirname(file);
  const { root } = document;
  const scopes = [root, ...inside(root, "profiles", "profile")];
  for (const scope of scopes) {
    for (const management of childElements(scope, "distributionManagement")) {
      add(poms.releases, management, "repository", document);
      add(poms.snapshots, management, "snapshotRepository", document);
    }
  }
  const parents = childElements(root, "parent").map((parent) => {
    const [relative] = childElements(parent, "relativePath");
    const path = relative ? textOf(document, relative).trim() : "../pom.xml";
    const local = path === "" ? undefined : pomAt(resolve(folder, path));
    // One that comes from a repository may say where to deploy.
    if (local === undefined) poms.isPartial = true;
    return local;
  });
  const modules = scopes.flatMap((scope) =>
    inside(scope, "modules", "module").concat(inside(scope, "subprojects", "subproject")),
  );
  return parents.concat(modules.map((module) => pomAt(resolve(folder, textOf(document, module).trim()))));
}

function add(urls: Set<string>, management: XmlElement, name: string, document: XmlDocument): void {
  for (const url of inside(management, name, "url")) urls.add(textOf(document, url).trim());
}

function inside(element: XmlElement, container: string, name: string): XmlElement[] {
  return childElements(element, container).flatMap((each) => childElements(each, name));
}
