/** `vouch server`: what a company runs once. */
import { backup } from "./command/backup.ts";
import { defineServerCommand } from "./command/definition.ts";
import { disable } from "./command/disable.ts";
import { enable } from "./command/enable.ts";
import { init } from "./command/init.ts";
import { invite } from "./command/invite.ts";
import { revoke } from "./command/revoke.ts";
import { run } from "./command/run.ts";
import { users } from "./command/users.ts";

export const serverCommand = defineServerCommand({
  meta: {
    name: "server",
    description: "The server that a company runs once: it knows people's security keys, and AWS trusts its word.",
  },
  subCommands: { init, run, invite, users, revoke, disable, enable, backup },
});
