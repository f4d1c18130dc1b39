/** Where a person gets the code that an enrolment asks for. */
import { routes } from "../../../agent/protocol.ts";
import { askAgent } from "../../../agent/wire/client.ts";
import { printable } from "../../../base/words/printable.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import { note } from "../../terminal/terminal.ts";

/** Says which page of the server gives codes, if one does. Errors are ignored; the real request reports them. */
export async function sayWays(server: string): Promise<void> {
  const reply = await askAgent(routes.enrollWays, { server }, { timeoutMs: agentTimeoutMs }).catch(() => undefined);
  if (reply?.singleSignOn === undefined) return;
  const { name, page } = reply.singleSignOn;
  note(`No code yet? Open ${page} in a browser and sign in with ${printable(name)}: the page shows one.`);
}
