/**
 * npm's oidc-provider as it comes: tokens by client credentials, its in-memory store, DPoP. Run by Node.js as
 * `node oidc-provider.mjs FOLDER`, where FOLDER has the package in node_modules; prints its URL.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const entry = join(process.argv[2], "node_modules/oidc-provider/lib/index.js");
const { Provider } = await import(pathToFileURL(entry).href);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: "bench",
        client_secret: "bench-secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_post",
        dpop_bound_access_tokens: true,
      },
    ],
    features: { clientCredentials: { enabled: true }, dPoP: { enabled: true }, devInteractions: { enabled: false } },
  });
  server.on("request", provider.callback());
  console.log(url);
});
