/** What cannot be installed from a package registry, and so is not tried: what it is, why, and what was tried. */
export const notToBeHad: string[] = [
  "Gradle 5 and later: Maven Central has its libraries and no distribution, and what npm and PyPI call gradle downloads it; Gradle 4.4.1 of Debian is tried, which cannot publish over https",
  ".NET SDK: it is in no registry (npm's dotnet is another program, PyPI's dotnetcore2 has the runtime alone), and Debian's nuget 2.8 knows no plugins; a client that speaks dotnet's protocol is tried",
  "Bazel 7 and later: npm's @bazel/bazel ends at 2.1 and bazelisk downloads; the credential helper's protocol is tried as Bazel speaks it",
  "Swift: neither Debian, npm nor PyPI has it; Vouch refuses to set it up",
  "conda, micromamba, pixi: PyPI's conda ends at 4.3, and without a channel on the network pixi installs nothing",
];
