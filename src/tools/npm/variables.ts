/** Environment variables that npm and Node.js read before npm's files. */
import { type VariableRule, warns } from "../checks/finding.ts";
import { classify, unlessConfigured } from "../registry-url.ts";

export const npmVariables: VariableRule[] = [
  {
    name: /^NODE_TLS_REJECT_UNAUTHORIZED$/,
    harm: (value) =>
      value === "0"
        ? warns(
            "is 0: npm and Node.js verify no certificate and send tokens to anybody; Vouch does",
            "unset NODE_TLS_REJECT_UNAUTHORIZED, and behind a proxy that ends TLS name the proxy's certificate authority in NODE_EXTRA_CA_CERTS.",
          )
        : undefined,
  },
  {
    name: /^NODE_EXTRA_CA_CERTS$/,
    // Vouch is told to trust the same file: nothing is added for npm alone.
    harm: (value, { env }) =>
      [env["AWS_CA_BUNDLE"], env["SSL_CERT_FILE"]].every((trusted) => trusted === value)
        ? undefined
        : warns(
            "adds certificate authorities for npm and Node.js, and not for Vouch",
            "Behind a company's proxy that ends TLS keep it: npm needs it there, and Vouch the same file in AWS_CA_BUNDLE and SSL_CERT_FILE (`vouch agent stop`, then `vouch login`). Elsewhere unset it: whoever holds a key of these authorities can read npm's tokens.",
          ),
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
