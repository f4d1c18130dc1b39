/** Whether what the user has chosen to end a session can be noticed on this machine. */
import { documentationUrl } from "../../../../base/words/documentation.ts";
import { whyNot } from "../../../../agent/end-on/support.ts";
import { type Finding, type Machine, ok, warning } from "../../../../tools/checks/finding.ts";
import { endOnWords } from "../../end-on.ts";

/** Findings only where something is chosen. Asks the message buses, and the agent's watch if there is a session. */
export async function checkEndOn({ settings, agent, env }: Machine): Promise<Finding[]> {
  const chosen = settings.session?.endOn ?? [];
  const remedy = `vouch setup session --end-on …, with what this machine can notice (${documentationUrl("session-end.md")})`;
  return Promise.all(
    chosen.map(async (on) => {
      const failed = agent?.endOn?.find((each) => each.on === on)?.failure;
      const why = (await whyNot(on, env)) ?? failed;
      const what = `A session ends on ${endOnWords[on]}`;
      return why === undefined ? ok("end-on", `${what}.`) : warning("end-on", `${what}. ${why}`, remedy);
    }),
  );
}
