/** What the POMs of a project say, as far as they are files here: where to deploy, and what they ask of the user's settings. */
import { readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readRegularFile, whyUnreadable } from "../../../base/system/regular-file.ts";
import {
  childElements,
  readXml,
  textOf,
  type XmlDocument,
  type XmlElement,
  XmlError,
} from "../../../editing/xml-document.ts";
import { secretIdPattern } from "../names.ts";
import { harmfulPart, leadsToSettings, shortened } from "./expressions.ts";
import { doubtInFiles, type Filtering } from "./filtered-files.ts";
import { idInPieces, type Texts } from "./pieces.ts";

const maxBytes = 4 << 20;
/** Limit on files: untrusted input names them. */
const maxPoms = 2000;

export interface Poms {
  /** The URLs of `<distributionManagement>`, as written. */
  releases: Set<string>;
  snapshots: Set<string>;
  /** Whether a parent, or a POM that could not be read, may say more. */
  isPartial: boolean;
  /** The first thing, as a clause, by which a POM may read the user's settings, with its file. */
  doubt: { file: string; what: string } | undefined;
  /** The first file with a word about Maven's property `altDeploymentRepository`. */
  alternative: string | undefined;
  /** What their elements say. */
  texts: Texts;
  /** Which files the build may filter. */
  filtering: Filtering & { folders: Set<string>; filters: Set<string> };
}

/** Encodings in which the signs of an expression and of XML are those of ASCII. */
const readable = /^(?:utf-?8|us-ascii|ascii|iso-?8859-?\d+|latin-?1|windows-125\d|cp125\d)$/;
/** A name that Maven knows as a letter, of the entities of HTML 4; none of them is a sign of an expression. */
const letter = /&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]\w*;/g;

/** The POM's file; undefined if there is none. */
function pomAt(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return pomAt(join(path, "pom.xml"));
  return stat ? path : undefined;
}

/** Reads the POMs at these paths (files, or folders), their parents and their modules. */
export function readPoms(...paths: string[]): Poms {
  const poms: Poms = {
    releases: new Set(),
    snapshots: new Set(),
    isPartial: false,
    doubt: undefined,
    alternative: undefined,
    texts: new Map(),
    filtering: { isOn: false, folders: new Set(), filters: new Set(), hasDelimiters: false, inTarget: false },
  };
  const seen = new Set<string>();
  const queue = paths.map(pomAt);
  for (let file = queue.shift(); file !== undefined || queue.length > 0; file = queue.shift()) {
    if (file === undefined || seen.has(file)) continue;
    if (seen.size >= maxPoms) {
      poms.isPartial = true;
      poms.doubt ??= { file, what: `comes after ${maxPoms} other POMs, and Vouch looks at no more` };
      break;
    }
    seen.add(file);
    poms.filtering.folders.add(dirname(file));
    queue.push(...readPom(file, poms));
  }
  const whole = idInPieces(poms.texts);
  const [file] = seen;
  if (whole !== undefined && file !== undefined) {
    poms.doubt ??= { file, what: `may put together an id as your settings have it (${shortened(whole)})` };
  }
  // A parent that is not here may filter the files that lie where they always do.
  if (poms.filtering.isOn || poms.isPartial) poms.doubt ??= doubtInFiles(poms.filtering);
  return poms;
}

function readPom(file: string, poms: Poms): (string | undefined)[] {
  let document: XmlDocument;
  try {
    document = readXml(readRegularFile(file, maxBytes).toString("utf8").replaceAll(letter, "\ufffd"));
  } catch (error) {
    poms.isPartial = true;
    const why = error instanceof XmlError ? error.message : whyUnreadable(error);
    poms.doubt ??= { file, what: `cannot be read (${why})` };
    return [];
  }
  const what = doubtOf(document);
  if (what !== undefined) poms.doubt ??= { file, what };
  if (hasAlternative(document, document.root)) poms.alternative ??= file;
  noteTexts(document, document.root, poms.texts);
  noteFiltering(document, document.root, poms.filtering, dirname(file));
  const folder = dirname(file);
  const { root } = document;
  const scopes = [root, ...inside(root, "profiles", "profile")];
  for (const scope of scopes) {
    for (const management of childElements(scope, "distributionManagement")) {
      add(poms.releases, management, "repository", document);
      add(poms.snapshots, management, "snapshotRepository", document);
    }
  }
  const repositories = scopes
    .flatMap((scope) => inside(scope, "repositories", "repository"))
    .flatMap((repository) => childElements(repository, "url").map((url) => textOf(document, url).trim()));
  const parents = childElements(root, "parent").map((parent) => {
    const [relative] = childElements(parent, "relativePath");
    const path = relative ? textOf(document, relative).trim() : "../pom.xml";
    const local = path === "" ? undefined : pomAt(resolve(folder, path));
    // One that comes from a repository may say where to deploy.
    if (local === undefined) {
      poms.isPartial = true;
      const inFolder = repositories.find((url) => !/^https?:/i.test(url));
      // It is a file of the project's, which no mirror stands before.
      if (inFolder !== undefined) poms.doubt ??= { file, what: `may take its parent from ${inFolder}` };
    }
    return local;
  });
  const modules = scopes.flatMap((scope) =>
    inside(scope, "modules", "module").concat(inside(scope, "subprojects", "subproject")),
  );
  for (const module of modules) {
    const path = textOf(document, module).trim();
    if (path.includes("${")) poms.doubt ??= { file, what: `names a module by ${path}` };
  }
  const found = modules.map((module) => pomAt(resolve(folder, textOf(document, module).trim())));
  return [...parents, ...found, ...(modules.length === 0 ? pomsBelow(folder, document) : [])];
}

/** What Maven 4 takes for the modules of a POM that names none: those of the folders in its own. */
function pomsBelow(folder: string, { root }: XmlDocument): (string | undefined)[] {
  if (!/4\.[1-9]/.test(root.attributes.get("xmlns") ?? "4.0")) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? [pomAt(path)] : [];
  });
}

/** Encodings of files besides, which a filter reads as Vouch does. */
const readableToo =
  /^(?:utf-?16(?:-?[bl]e)?|shift[_-]?jis|windows-31j|gb\w+|euc-\w+|big5|koi8-\w+|\$\{[\w.-]*encoding\})$/;

function noteFiltering(document: XmlDocument, element: XmlElement, filtering: Poms["filtering"], folder: string): void {
  const text = textOf(document, element).trim();
  const { name } = element;
  if (/^(?:filtering|filtered)$/.test(name) && text !== "false") filtering.isOn = true;
  if (name === "filter") filtering.filters.add(text);
  // The signs of Spring Boot's parent are looked for in any case.
  if (name === "delimiter" && !/^(?:@|\$\{\*\}|\$\{resource\.delimiter\})$/.test(text)) filtering.hasDelimiters = true;
  if (/^(?:directory|filter)$/.test(name) && /target|\$\{(?!(?:project\.)?basedir\})/.test(text))
    filtering.inTarget = true;
  if (/(?:^|\/)\.\.(?:\/|$)|^\//.test(text) && !/^(?:relativePath|module|subproject)$/.test(name)) {
    const path = resolve(folder, text.replace(/^\$\{(?:(?:project|pom)\.)?basedir\}\/*/, ""));
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && path !== "/") filtering.folders.add(stat.isDirectory() ? path : dirname(path));
  }
  for (const child of childElements(element)) noteFiltering(document, child, filtering, folder);
}

/** An expression without its signs, which a plugin adds: help:evaluate, the enforcer's requireProperty. */
const bareName = /^(?:settings|session|project|pom|env|sun)\.[\w.()[\]]+$/;

/** By what a POM may read the user's settings, as a clause. */
function doubtOf(document: XmlDocument): string | undefined {
  if (!readable.test(document.encoding)) return `has an encoding that Vouch does not read (${document.encoding})`;
  const look = (element: XmlElement, canFollow: boolean, isValue: boolean): string | undefined => {
    const texts = [...element.attributes.values(), textOf(document, element)];
    const id = texts.map((text) => secretIdPattern.exec(text)?.[0]).find((each) => each !== undefined);
    if (id !== undefined) return `has ${id}, an id as your settings have it`;
    for (const value of element.attributes.values()) {
      if (value.includes("XInclude")) return "includes other files by XInclude";
      const found = harmfulPart(value, { canFollow: false });
      if (found !== undefined) return `may read your settings by ${found}`;
    }
    const found = harmfulPart(textOf(document, element), { canFollow });
    if (found !== undefined) return `may read your settings by ${found}`;
    const bare = textOf(document, element).trim();
    if (isValue && bareName.test(bare) && leadsToSettings(bare)) return `may read your settings by ${bare}`;
    const text = bare.toLowerCase();
    if (/encoding$/i.test(element.name) && text !== "" && !readable.test(text) && !readableToo.test(text)) {
      return `names an encoding that Vouch does not read (${text})`;
    }
    for (const child of childElements(element)) {
      // No expression leads to the text of a plugin's configuration.
      const inner = look(
        child,
        canFollow && child.name !== "configuration",
        isValue || /^(?:configuration|properties)$/.test(child.name),
      );
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  return look(document.root, true, false);
}

function noteTexts(document: XmlDocument, element: XmlElement, texts: Texts): void {
  const name = element.name.toLowerCase();
  const values = [textOf(document, element).trim(), ...element.attributes.values()];
  const known = texts.get(name) ?? new Set();
  for (const value of values) if (value !== "") known.add(value);
  if (known.size > 0) texts.set(name, known);
  for (const child of childElements(element)) noteTexts(document, child, texts);
}

/** Whether an element, an attribute or a text says `altDeploymentRepository`, or that of releases or snapshots. */
function hasAlternative(document: XmlDocument, element: XmlElement): boolean {
  const texts = [element.name, ...element.attributes.values(), textOf(document, element)];
  // `alt-deployment-repository` is the same parameter of a plugin.
  if (texts.some((text) => /alt(?:release|snapshot)?deploymentrepository/i.test(text.replaceAll("-", "")))) return true;
  return childElements(element).some((child) => hasAlternative(document, child));
}

function add(urls: Set<string>, management: XmlElement, name: string, document: XmlDocument): void {
  for (const url of inside(management, name, "url")) urls.add(textOf(document, url).trim());
}

function inside(element: XmlElement, container: string, name: string): XmlElement[] {
  return childElements(element, container).flatMap((each) => childElements(each, name));
}
