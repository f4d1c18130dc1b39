/** `vouch server`: the server that a company runs once, and its administration. */
import { admin } from "./admin.ts";
import { audit } from "./audit/audit.ts";
import { attestation } from "./attestation/attestation.ts";
import { aws } from "./aws-account/aws.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { config } from "./config.ts";
import { defineServerCommand } from "./definition.ts";
import { disable } from "./disable.ts";
import { enable } from "./enable.ts";
import { groups } from "./groups/groups.ts";
import { init } from "./init.ts";
import { invite } from "./invite.ts";
import { migrate } from "./migrate.ts";
import { profiles } from "./profiles/profiles.ts";
import { restore } from "./restore.ts";
import { revoke } from "./revoke.ts";
import { run } from "./run.ts";
import { scim } from "./scim/scim.ts";
import { signingKeys } from "./signing-keys/signing-keys.ts";
import { users } from "./users.ts";

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
