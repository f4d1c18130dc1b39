/** The formats of CodeArtifact that a package manager can be set up for. */
export const packageFormats = ["cargo", "npm", "pypi"] as const;

export type PackageFormat = (typeof packageFormats)[number];
