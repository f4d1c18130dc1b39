/**
 * npm's oidc-provider as a company's identity provider. Run by Node.js as `node oidc-provider.mjs FOLDER REDIRECT_URI SECRET`,
 * where FOLDER has the package in node_modules; prints its URL. Its development interactions take any login and password;
 * an account has its login as subject and the address LOGIN@example.com, until somebody asks for /disable/LOGIN.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Its warnings would meet a pipe that is read no more.
for (const level of ["log", "info", "warn", "error"]) console[level] = () => {};
const [folder, redirectUri, secret] = process.argv.slice(2);
const entry = join(folder, "node_modules/oidc-provider/lib/index.js");
const { Provider } = await import(pathToFileURL(entry).href);
const disabled = new Set();
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: "vouch",
        client_secret: secret,
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [redirectUri],
        response_types: ["code"],
      },
    ],
    // Claims of scopes are in UserInfo alone, as OpenID Connect Core 1.0, 5.4 has it.
    claims: { email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups", "offline_access"],
    rotateRefreshToken: true,
    findAccount: (_context, id) =>
      disabled.has(id)
        ? undefined
        : {
            accountId: id,
            claims: () => ({
              sub: id,
              email: `${id}@example.com`,
              email_verified: id !== "mallory",
              groups: ["developers"],
            }),
          },
    cookies: { keys: ["cookies of a test"] },
    features: { devInteractions: { enabled: true } },
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    const [, login] = /^\/disable\/(\w+)$/.exec(request.url) ?? [];
    if (login === undefined) return answer(request, response);
    disabled.add(login);
    response.end();
  });
  process.stdout.write(`${url}\n`);
});
