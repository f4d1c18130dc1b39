/** Environment variables that override what `vouch setup` configured for RubyGems and Bundler. */
import { codeArtifactHost, fails, type VariableRule, warns } from "../checks/finding.ts";

export const rubyVariables: VariableRule[] = [
  {
    name: /^GEM_HOST_API_KEY$/,
    harm: () => warns("is sent by gem push to every host, and Vouch gives no key of its own"),
  },
  {
    name: /^BUNDLE_HTTPS?:\/\//,
    harm: (_value, _machine, name) =>
      codeArtifactHost.test(name.replaceAll("___", "-").replaceAll("__", ".").toLowerCase())
        ? fails("holds credentials of its own for the source")
        : undefined,
  },
  {
    name: /^BUNDLE_SSL_VERIFY_MODE$/,
    harm: (value) => (value === "0" ? fails("is 0, so that Bundler checks no certificates") : undefined),
  },
];
