/** Preloaded before src/main.ts: puts the sandbox's security key in the place of node-hid, as build.ts does for the sandbox variant. */
import { plugin } from "bun";
import { join } from "node:path";

plugin({
  name: "socket-instead-of-hid",
  setup(build) {
    build.onResolve({ filter: /\/node-hid\.ts$/ }, () => ({
      path: join(import.meta.dir, "../../authenticator/transport.ts"),
    }));
  },
});
