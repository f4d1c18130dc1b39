import { expect, test } from "bun:test";
import { replacedHosts } from "../../../../src/tools/npm/guard/guard.ts";

test.each<[pinned: string | undefined, own: string | undefined, hosts: string[]]>([
  [undefined, undefined, ["*.npmjs.*"]],
  ["npmjs", "always", ["*.npmjs.*"]],
  [undefined, "npmjs", ["*.npmjs.*"]],
  ["never", undefined, []],
  ["always", undefined, ["*"]],
  ["Mirror.example", undefined, ["mirror.example"]],
  ["https://Mirror.example/npm/", undefined, ["mirror.example"]],
])("with replace-registry-host pinned to %p and set to %p npm replaces the hosts", (pinned, own, hosts) => {
  const env = own === undefined ? {} : { npm_config_replace_registry_host: own };
  expect(replacedHosts(pinned, env)).toEqual(hosts);
});
