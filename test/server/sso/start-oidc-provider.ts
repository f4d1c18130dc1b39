/** npm's oidc-provider as a process, where it is installed. */
import { dirname, join } from "node:path";
import { firstLine } from "../../laptop.ts";
import { requires, requiresPath } from "../../requires.ts";

const packageFolder = join(import.meta.dir, "../../../.tools/oidc-provider/node_modules/oidc-provider");

/** The secret of its client, `vouch`. */
export const oidcClientSecret = "the secret of the client";

export interface OidcProvider {
  issuer: string;
  stop(): Promise<void>;
}

/** Whether it is installed, with Node.js. In CI it is, or it throws. */
export function requiresOidcProvider(): boolean {
  return requires("node") && requiresPath(packageFolder, ".ci/tools oidc-provider");
}

/** Starts it for the Vouch server at this URL. */
export async function startOidcProvider(server: string): Promise<OidcProvider> {
  const program = join(import.meta.dir, "oidc-provider.mjs");
  const folder = dirname(dirname(packageFolder));
  const child = Bun.spawn([Bun.which("node")!, program, folder, `${server}/sso/callback`, oidcClientSecret], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return {
    issuer: await firstLine(child.stdout),
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}
