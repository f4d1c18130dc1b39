/** Environment variables that npm and Node.js read before npm's files. */
import { type VariableRule, warns } from "../finding.ts";
import { classify, unlessConfigured } from "../registry-url.ts";

export const npmVariables: VariableRule[] = [
  {
    name: /^NODE_TLS_REJECT_UNAUTHORIZED$/,
    harm: (value) =>
      value === "0"
        ? warns("is 0: npm and Node.js verify no certificate and send tokens to anybody; Vouch does")
        : undefined,
  },
  {
    name: /^NODE_EXTRA_CA_CERTS$/,
    harm: () => warns("adds certificate authorities for npm and Node.js; Vouch takes AWS_CA_BUNDLE and SSL_CERT_FILE"),
  },
  {
    name: /^npm_config_registry$/i,
    harm: unlessConfigured("npm", "npm takes it before the registry of its files"),
  },
  {
    name: /^npm_config_\/\/.*:_(authToken|auth|password)$/i,
    harm: (_, { settings }, name) => {
      const url = `https:${name.slice("npm_config_".length, name.lastIndexOf(":"))}`;
      return classify(url, "npm", settings).kind === "configured"
        ? warns("holds a token for your repository, as under `vouch exec`; it is not renewed")
        : undefined;
    },
  },
];
