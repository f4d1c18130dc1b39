/** Environment variables that keep NuGet from the plugin that `vouch setup` has put on PATH. */
import { fails, type VariableRule } from "../checks/finding.ts";
import { shimsFolder } from "../shims.ts";

export const nugetVariables: VariableRule[] = [
  {
    name: /^NUGET_(?:NETCORE_|NETFX_)?PLUGIN_PATHS$/,
    harm: (value, { env }) =>
      value.split(/[;:]/).some((path) => path.startsWith(shimsFolder(env)))
        ? undefined
        : fails("names the plugins of NuGet, so that it looks for none on PATH and does not find Vouch's"),
  },
];
