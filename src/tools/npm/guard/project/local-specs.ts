/**
 * Local folders, archives and repositories in a manifest (untrusted input). Versions of npm and pnpm spell them
 * differently, so that every path is returned that a specification may name under one of them; most do not exist.
 */
import { decodedUri } from "../../../../base/net/uri.ts";

/** Fields of a manifest, and of pnpm-workspace.yaml, whose texts are specifications. */
const fields = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
  "overrides",
  "resolutions",
  "pnpm",
  "catalog",
  "catalogs",
  "configDependencies",
  "packageExtensions",
];

/** All specifications of a manifest, or of pnpm-workspace.yaml: the texts under those fields, at any depth. */
export function specsOf(document: Record<string, unknown>): string[] {
  const textsOf = (value: unknown): string[] => {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
  };
  return fields.flatMap((field) => textsOf(document[field]));
}

/**
 * The paths that a specification, or an argument (`name@SPEC`), may name: relative to the manifest's folder, or absolute.
 * `home` stands for `~`.
 */
export function localPaths(spec: string, home: string): string[] {
  const at = spec.indexOf("@", 1);
  const paths = new Set<string>();
  for (const text of at < 0 ? [spec] : [spec, spec.slice(at + 1)]) {
    const rest = text.trim().replace(/^(?:file|link|portal|workspace):/i, "");
    for (const path of [rest, rest.replace(/^\/\/(?:localhost(?=\/))?/i, "")]) {
      for (const each of [path, path.replace(/[?#].*$/s, "")]) {
        for (const name of [each, decodedUri(each)]) {
          const written = name.replaceAll("\\", "/").trim();
          if (written !== "" && written.length < 4096 && !written.includes("\0")) {
            paths.add(written.replace(/^~(?=\/|$)/, home));
          }
        }
      }
    }
  }
  return [...paths];
}

/** The paths of a git repository on this machine that a specification may name; none for any other. */
export function repositoryPaths(spec: string, home: string): string[] {
  const url = /^(?:[^/:]*@)?git\+(file:.*)$/is.exec(spec.trim())?.[1];
  return url === undefined ? [] : localPaths(url, home);
}
