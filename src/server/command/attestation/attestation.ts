/** `vouch server attestation`: which security keys the server takes. */
import { defineServerCommand } from "../definition.ts";
import { check } from "./check.ts";
import { show } from "./show.ts";

export const attestation = defineServerCommand({
  meta: {
    name: "attestation",
    description: "Which security keys are taken: the policy, and whom another would lock out.",
  },
  subCommands: { show, check },
});
