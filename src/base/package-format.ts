/** The package formats of CodeArtifact. */
export const packageFormats = ["cargo", "generic", "maven", "npm", "nuget", "pypi", "ruby", "swift"] as const;

export type PackageFormat = (typeof packageFormats)[number];
