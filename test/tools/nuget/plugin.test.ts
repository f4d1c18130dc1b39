import { expect, test } from "bun:test";
import { purposeOfCaller } from "../../../src/tools/nuget/plugin.ts";

const asker = (...args: string[]) => ({ pid: 1, args, cwd: "/" });

test.each<[askers: string[][], purpose: "read" | "publish"]>([
  [[["/usr/bin/dotnet", "nuget", "push", "x.nupkg"], ["bash"]], "publish"],
  [
    [
      ["dotnet", "restore"],
      ["/usr/bin/dotnet", "nuget", "push", "x.nupkg"],
    ],
    "read",
  ],
  [
    [
      ["sh", "-c", "x"],
      ["dotnet", "nuget", "push"],
    ],
    "publish",
  ],
  [
    [
      ["dotnet", "build"],
      ["npm", "publish"],
    ],
    "read",
  ],
  [[["mono", "/usr/lib/mono/nuget/nuget.exe", "push", "x.nupkg"], ["sh"]], "publish"],
  [
    [
      ["dotnet", "exec", "/sdk/NuGet.CommandLine.XPlat.dll", "push"],
      ["dotnet", "nuget", "push"],
    ],
    "publish",
  ],
  [[["npm", "publish"]], "read"],
  [[], "read"],
])("what started the plugin, %j, wants a token to %s", (askers, purpose) => {
  expect(purposeOfCaller(askers.map((args) => asker(...args)))).toBe(purpose);
});
