/** The environment by which real clients reach the sandbox instead of the network. */

/**
 * The variables that lead Bun, AWS tools, cargo, pip, npm, yarn, deno, uv and git through the sandbox's proxy and let them trust
 * its authority and no other.
 */
export function clientEnvironment(proxyUrl: string, caPath: string): Record<string, string> {
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    HTTP_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
    AWS_CA_BUNDLE: caPath,
    SSL_CERT_FILE: caPath,
    CURL_CA_BUNDLE: caPath,
    REQUESTS_CA_BUNDLE: caPath,
    NODE_EXTRA_CA_CERTS: caPath,
    npm_config_cafile: caPath,
    YARN_HTTP_PROXY: proxyUrl,
    YARN_HTTPS_PROXY: proxyUrl,
    YARN_HTTPS_CA_FILE_PATH: caPath,
    DENO_CERT: caPath,
    YARN_ENABLE_TELEMETRY: "0",
    PIP_CERT: caPath,
    CARGO_HTTP_CAINFO: caPath,
    GIT_SSL_CAINFO: caPath,
  };
}
