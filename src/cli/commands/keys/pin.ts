/** `vouch keys pin`: sets or changes the PIN of the plugged-in security key. */
import { setOrChangePin } from "../../../fido/management/pin-change.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { timeoutArg } from "../../key/ceremony.ts";
import { withSecurityKey } from "../../key/security-key.ts";
import { announce } from "../../terminal/prompt.ts";

export const pin = defineCommand({
  meta: { name: "pin", description: "Set the PIN of the security key that is plugged in, or change it." },
  args: { ...timeoutArg },
  teaching: {
    details: [
      "A new PIN has at least 8 characters, or more if the key demands it, and at most 63 bytes in UTF-8; letters are allowed. To change a PIN the present one is typed first: three wrong ones in a row, and the key must be taken out and plugged in again; eight in all, and only a reset makes it usable (`vouch keys reset`). The key counts, and the right PIN sets the count back.",
      "The PIN is the key's own, the same for every service. It is read from the terminal only, and never written anywhere. No session is needed; what the key holds stays as it is.",
    ],
    examples: [["vouch keys pin", "Set or change it."]],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    await withSecurityKey(timeoutSeconds, ({ device, ui, signal }) =>
      setOrChangePin({
        device,
        ui: { ...ui, offerPin: () => Promise.resolve(true) },
        signal,
        onBegin: (write) =>
          announce(
            write === "set"
              ? `The security key (${device.product}) has no PIN yet.`
              : `To change the PIN of the security key (${device.product}), type the present one first.`,
          ),
      }),
    );
  },
});
