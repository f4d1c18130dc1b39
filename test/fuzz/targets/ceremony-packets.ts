/** Whole ceremonies, from the reports of a device up to what the server is sent. */
import { openChannel } from "../../../src/fido/hid/channel.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import type { Deed } from "../../../src/fido/webauthn/deed.ts";
import type { Target } from "../target.ts";
import { type VirtualTime, within } from "../surroundings/virtual-time.ts";
import { info, readScript, type Script, scriptInput } from "./packet-script.ts";
import { person } from "./person.ts";

const origin = "https://vouch.example.com";
/** The longest recorded ceremony has eleven exchanges. */
const MAX_EXCHANGES = 12;
const TOUCH_LIMIT_MS = 5_000;
/** Every exchange has a limit of ten seconds, and some for a cancel and writes that are stuck. */
const MAX_TIME_MS = TOUCH_LIMIT_MS + (MAX_EXCHANGES + 1) * 23_000;

export const ceremonyPackets: Target = {
  name: "ceremony-packets",
  reads: "whole enrolments and logins from the reports up (src/hid, src/ctap2, src/webauthn)",
  share: 30,
  input: (random) => scriptInput(random, MAX_EXCHANGES),
  run: (input, time) => time.until(carriedOut(readScript(input), time)),
};

function carriedOut({ connection, ceremony }: Script, time: VirtualTime): Promise<unknown> {
  return within(time, MAX_TIME_MS, async () => {
    const device = await openChannel(connection, info);
    const { options, kind } = ceremony;
    const deed: Deed = { purpose: kind === "create" ? "enroll" : "login" };
    const carryOut = kind === "create" ? createCredential : getAssertion;
    try {
      return await carryOut({ device, options, origin, ui: person(), deed, timeoutMs: TOUCH_LIMIT_MS });
    } finally {
      await device.close();
    }
  });
}
