/** Which command lines publish. */
import { describe, expect, test } from "bun:test";
import { readCommand } from "../../src/tools/npm/command-line/commands.ts";
import { npmPurpose } from "../../src/tools/npm/command-line/purpose.ts";
import { purposeOf } from "../../src/tools/publishing.ts";

describe.each([
  [
    "publish",
    [
      "npm publish",
      "npm --silent publish",
      "npm unpublish my-lib@1.0.0",
      "npm dist-tag add my-lib@1.0.0 latest",
      "npm owner add dev my-lib",
      "pnpm -r publish",
      "pnpm deprecate my-lib old",
      "yarn npm publish",
      "yarn --cwd lib publish",
      "bun publish",
      "bun --cwd packages/lib publish",
      "/usr/bin/twine upload dist/x.whl",
      "python3 -m twine upload dist/x.whl",
      "python3.12 /home/dev/.local/bin/pdm publish",
      "uv publish --index mine",
      "uv --directory lib publish",
      "pdm -p lib publish",
      "poetry -C lib publish",
      "hatch -e build publish",
      "pnpm --filter lib publish",
      "poetry publish --build",
      "gem push my.gem",
      "dotnet nuget push x.nupkg",
      "/usr/bin/dotnet exec --depsfile a.json /usr/lib/dotnet/sdk/8.0.1/NuGet.CommandLine.XPlat.dll push x.nupkg",
      "dotnet /usr/lib/dotnet/sdk/8.0.1/NuGet.CommandLine.XPlat.dll nuget push x.nupkg",
      "/usr/bin/mono /usr/lib/mono/nuget/NuGet.exe push x.nupkg",
      "swift package-registry publish acme.lib 1.0.0",
      "mvn -B deploy",
      "./mvnw clean deploy -DskipTests",
      "mvn deploy:deploy-file -Durl=x",
      "mvn org.apache.maven.plugins:maven-deploy-plugin:3.1.2:deploy-file",
      "gradle publish",
      "./gradlew :lib:publishMavenPublicationToCodeArtifactRepository",
    ],
  ],
  [
    "read",
    [
      "npm install publish",
      "npm run publish",
      "npm dist-tag ls my-lib",
      "npm dist-tag",
      "npm owner ls",
      "pnpm add my-lib",
      "yarn install",
      "twine check dist/x.whl",
      "python3 publish.py publish",
      "python3 -c twine upload",
      "uv run publish",
      "uv sync",
      "uv --directory publish sync",
      "bun --cwd publish install",
      "poetry install",
      "gem install publish",
      "dotnet restore",
      "mono /usr/lib/mono/nuget/nuget.exe restore",
      "mono build.exe push",
      "mvn install",
      "mvn -Ddeploy=true verify",
      "gradle build",
      "gradle publishToMavenLocal",
      "make publish",
      "constructor publish",
      "npm",
      "",
    ],
  ],
] as const)("to %s is what is meant by", (purpose, lines) => {
  test.each([...lines])("%s", (line) => {
    const [program = "", ...args] = line.split(" ");
    expect(purposeOf(program, args)).toBe(purpose);
  });
});

test.each([
  ["pub", "publish"],
  ["unpub my-lib", "publish"],
  ["--loglevel silly publish", "publish"],
  ["dist-tags add my-lib@1.0.0 latest", "publish"],
  ["i publish", "read"],
  ["run-script publish", "read"],
  ["exec publish", "read"],
])("npm %s is to %s, as npm reads abbreviations and options", (line, purpose) => {
  expect(npmPurpose(readCommand("npm", line.split(" ")))).toBe(purpose as "read");
});
