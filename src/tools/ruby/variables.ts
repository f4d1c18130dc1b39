/** Environment variables that override what `vouch setup` configured for RubyGems and Bundler. */
import { codeArtifactHost, fails, type VariableRule, warns } from "../finding.ts";

export const rubyVariables: VariableRule[] = [
  {
    name: /^GEM_HOST_API_KEY$/,
    harm: () => warns("GEM_HOST_API_KEY is set: gem push sends it to every host, and Vouch gives no key of its own."),
  },
  {
    name: /^BUNDLE_HTTPS?:\/\//,
    harm: (_value, _machine, name) =>
      codeArtifactHost.test(name.replaceAll("___", "-").replaceAll("__", ".").toLowerCase())
        ? fails(`${name} holds credentials for a source.`)
        : undefined,
  },
  {
    name: /^BUNDLE_SSL_VERIFY_MODE$/,
    harm: (value) =>
      value === "0" ? fails("BUNDLE_SSL_VERIFY_MODE is 0: Bundler checks no certificates.") : undefined,
  },
];
