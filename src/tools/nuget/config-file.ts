/**
 * Edits `<packageSources>` of NuGet's configuration: the repository as a source. No token is written.
 * https://learn.microsoft.com/nuget/reference/nuget-config-file
 */
import { type Edited } from "../../editing/edited.ts";
import { insertXmlBlocks, readFile, removeXmlBlocks } from "../../editing/xml-blocks.ts";
import { childElements, escapeXml, type XmlDocument, type XmlElement } from "../../editing/xml-document.ts";

export interface NugetSource {
  /** What `--source` takes. */
  name: string;
  /** The URL of the service index. */
  url: string;
  /** Whether it stands beside other sources; otherwise it takes the place of all. */
  isExtra: boolean;
}

const root = "configuration";
const container = "packageSources";
const publicSource = { name: "nuget.org", url: "https://api.nuget.org/v3/index.json" };

/**
 * Adds the source behind all others. `text` is undefined if there is no file; `file` is its path for messages; `urls` are
 * those that an earlier block of ours may contain. Throws `edit_conflict`.
 */
export function setNugetSource(
  text: string | undefined,
  id: string,
  { name, url, isExtra }: NugetSource,
  { file, urls }: { file: string; urls: readonly string[] },
): Edited {
  const before = text === undefined ? undefined : unsetNugetSource(text, id, { file, urls: [url, ...urls] });
  // `<clear />` takes away what stands before it, here and in the machine's files.
  const lines = isExtra ? [] : ["<clear />"];
  // NuGet adds the public source only where it makes the file itself.
  if (isExtra && before === undefined) lines.push(addElement(publicSource));
  lines.push(addElement({ name, url }));
  const edited = insertXmlBlocks(before, id, [{ container, lines }], { file, root });
  return {
    text: edited,
    warnings: before === undefined ? [] : warningsOf(readFile(before, { file, root }), name, file),
  };
}

/**
 * Removes the source with that id. `onKept` receives the user's elements in the block. Returns undefined if the file is
 * to be deleted. Throws `edit_conflict`.
 */
export function unsetNugetSource(
  text: string,
  id: string,
  { file, urls, onKept }: { file: string; urls: readonly string[]; onKept?: (text: string) => void },
): string | undefined {
  const isOwn = ({ name, attributes }: XmlElement): boolean => {
    const url = attributes.get("value") ?? "";
    return name === "clear" || (name === "add" && (urls.includes(url) || url === publicSource.url));
  };
  return removeXmlBlocks(text, id, { file, root, isOwn, onKept });
}

/**
 * The sources that a file names, after its `<clear />` or, if `cleared`, before it too. Throws `edit_conflict` if it
 * cannot be read.
 */
export function sourcesIn(text: string, file: string, cleared = false): { name: string; url: string }[] {
  const sources = new Map<string, string>();
  for (const element of elementsOf(readFile(text, { file }), container)) {
    if (element.name === "clear" && !cleared) sources.clear();
    else if (element.name === "add")
      sources.set(element.attributes.get("key") ?? "", element.attributes.get("value") ?? "");
  }
  return [...sources].map(([name, url]) => ({ name, url }));
}

/** The passwords in a file: their sources, and their lines, from 1. Throws `edit_conflict` if it cannot be read. */
export function passwordsIn(text: string, file: string): { source: string; line: number }[] {
  return elementsOf(readFile(text, { file }), "packageSourceCredentials").flatMap((credentials) =>
    childElements(credentials, "add")
      .filter(({ attributes }) => /^(ClearText)?Password$/i.test(attributes.get("key") ?? ""))
      .map(({ from }) => ({ source: decodeName(credentials.name), line: text.slice(0, from).split("\n").length })),
  );
}

function addElement({ name, url }: { name: string; url: string }): string {
  return `<add key="${escapeXml(name)}" value="${escapeXml(url)}" />`;
}

function elementsOf({ root: configuration }: XmlDocument, name: string): XmlElement[] {
  return childElements(configuration, name).flatMap((section) => childElements(section));
}

function warningsOf(document: XmlDocument, name: string, file: string): string[] {
  const warnings: string[] = [];
  const disabled = elementsOf(document, "disabledPackageSources").some(
    ({ attributes }) => attributes.get("key") === name,
  );
  if (disabled) warnings.push(`${file} has the source ${name} among its disabledPackageSources: delete that line.`);
  if (childElements(document.root, "packageSourceMapping").length > 0) {
    warnings.push(`${file} maps packages to sources by name: add a packageSource with the key ${name} to it.`);
  }
  return warnings;
}

/** The name of an element (XmlConvert.EncodeName) as text: `_x002F_` is a slash. */
function decodeName(name: string): string {
  return name.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
