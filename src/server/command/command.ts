/** `vouch server`: the server that a company runs once, and its administration. */
import { admin } from "./people/admin.ts";
import { audit } from "./audit/audit.ts";
import { attestation } from "./attestation/attestation.ts";
import { aws } from "./aws-account/aws.ts";
import { backup } from "./database/backup.ts";
import { check } from "./check.ts";
import { config } from "./config.ts";
import { defineServerCommand } from "./definition.ts";
import { disable } from "./people/disable.ts";
import { enable } from "./people/enable.ts";
import { groups } from "./groups/groups.ts";
import { init } from "./init.ts";
import { invite } from "./people/invite.ts";
import { migrate } from "./database/migrate.ts";
import { profiles } from "./profiles/profiles.ts";
import { restore } from "./database/restore.ts";
import { revoke } from "./people/revoke.ts";
import { run } from "./run.ts";
import { scim } from "./scim/scim.ts";
import { signingKeys } from "./signing-keys/signing-keys.ts";
import { users } from "./people/users.ts";

export const serverCommand = defineServerCommand({
  meta: {
    name: "server",
    description: "The server that a company runs once: it knows people's security keys, and AWS trusts its word.",
  },
  subCommands: {
    init,
    aws,
    run,
    check,
    config,
    invite,
    users,
    admin,
    revoke,
    disable,
    enable,
    groups,
    scim,
    profiles,
    "signing-keys": signingKeys,
    attestation,
    audit,
    backup,
    restore,
    migrate,
  },
});
