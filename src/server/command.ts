/** `vouch server`: what a company runs once. */
import { defineCommand } from "citty";

export const server = defineCommand({
  meta: { name: "server", description: "Run the Vouch server: security keys in, identity tokens for AWS out" },
  subCommands: {
    init: () => import("./command/init.ts").then((module) => module.init),
    run: () => import("./command/run.ts").then((module) => module.run),
    invite: () => import("./command/invite.ts").then((module) => module.invite),
    users: () => import("./command/users.ts").then((module) => module.users),
    revoke: () => import("./command/revoke.ts").then((module) => module.revoke),
  },
});
