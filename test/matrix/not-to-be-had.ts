/** What cannot be installed from a package registry, and so is not tried: what it is, why, and what was tried. */
export const notToBeHad: string[] = [
  "Gradle 5 and later: Maven Central has its libraries, not its distribution; packages of that name on npm and PyPI download it",
  "NuGet and .NET SDK: no registry has the SDK; Debian's nuget 2.8 speaks an older protocol; the protocol itself is tried",
  "Bazel 5 and later: npm's @bazel/bazel ends at 2.1, bazelisk downloads; the credential helper's protocol itself is tried",
  "conda, micromamba, pixi: no package that runs without a channel on the network",
];
