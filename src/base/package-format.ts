/** The supported CodeArtifact package formats. */
export const packageFormats = ["cargo", "npm", "pypi"] as const;

export type PackageFormat = (typeof packageFormats)[number];
