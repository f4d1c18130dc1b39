/** The values in a NuGet.Config of a project: its sources, and the passwords that it binds to their names. */
import { childElements, readXml, type XmlElement } from "../../editing/xml-document.ts";

/** A value with the keys that lead to it. */
export interface NugetEntry {
  path: string[];
  value: string;
}

/**
 * `packageSources`, NAME: a URL; `packageSourceCredentials`, NAME, KEY: a value, such as `%VARIABLE%`; any other section:
 * key and value. Throws if the text is no XML.
 */
export function readNugetConfig(text: string): NugetEntry[] {
  return childElements(readXml(text).root).flatMap((section) =>
    section.name === "packageSourceCredentials"
      ? childElements(section).flatMap((source) => valuesOf(source, [section.name, decodeName(source.name)]))
      : valuesOf(section, [section.name]),
  );
}

/** The URLs that the entries give the source whose password stands in this one; undefined for another entry. */
export function urlsOfPassword({ path }: NugetEntry, entries: readonly NugetEntry[]): string[] | undefined {
  const [section, name] = path;
  if (section !== "packageSourceCredentials") return undefined;
  return entries
    .filter((each) => each.path[0] === "packageSources" && each.path[1]?.toLowerCase() === name?.toLowerCase())
    .map(({ value }) => value);
}

function valuesOf(parent: XmlElement, path: string[]): NugetEntry[] {
  return childElements(parent).flatMap(({ name, attributes }) => {
    const place = path.concat(attributes.get("key") ?? name);
    const entries: NugetEntry[] = [{ path: place, value: attributes.get("value") ?? "" }];
    for (const [attribute, value] of attributes) {
      if (attribute !== "key" && attribute !== "value") entries.push({ path: place.concat(attribute), value });
    }
    return entries;
  });
}

/** The name of an element as text: `_x002F_` is a slash (XmlConvert.DecodeName). */
function decodeName(name: string): string {
  return name.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
