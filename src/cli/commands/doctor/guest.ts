/** A machine whose agent runs elsewhere: what it gets there, and what must be done on the other machine. */
import { routes } from "../../../agent/protocol.ts";
import type { PackageFormat } from "../../../base/package-format.ts";
import { printable } from "../../../base/words/printable.ts";
import { failure, type Finding, findingOf, ok, type Machine } from "../../../tools/checks/finding.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import { clockTime } from "../../terminal/time.ts";
import { type Access, checkReading } from "./access.ts";

/** The session, and what is set up on both machines. Needs no network. */
export function checkGuest({ agent, settings, now }: Machine): Finding[] {
  const { guest, session, repositories = [] } = agent ?? {};
  if (guest === undefined) return [];
  const gets = guest.credentials ? "tokens for reading and credentials of AWS roles" : "tokens for reading";
  const unknown = settings.repositories.filter(
    (each) => !repositories.some(({ domain, repository }) => domain === each.domain && repository === each.repository),
  );
  return [
    ok("guest", `The agent runs on another machine, which calls this one its guest ${printable(guest.name)}.`),
    ok("guest", `Here work ${gets}. Logging in, publishing and keys are for the other machine.`),
    session === undefined
      ? failure("session", "There is no session where the agent runs.", "On the other machine: vouch login")
      : ok(
          "session",
          `The session of ${printable(session.user)} there lasts until ${clockTime(session.expiration, now)}.`,
        ),
    ...unknown.map(({ domain, repository }) =>
      failure(
        "guest",
        `${domain}/${repository} is set up here, and the agent does not know it.`,
        `On the other machine: vouch setup codeartifact --domain ${domain} --repository ${repository}`,
      ),
    ),
  ];
}

/** Asks for the token of each repository that is set up here, and each endpoint once. */
export async function checkGuestAccess({ agent, settings, env }: Machine, access: Access): Promise<Finding[]> {
  if (settings.repositories.length === 0) {
    const remedy = "vouch setup codeartifact --domain DOMAIN --domain-owner ACCOUNT --region REGION --repository NAME";
    return [failure("repository", "No repository is set up on this machine.", remedy)];
  }
  if (agent?.session === undefined) return [];
  const checks = settings.repositories.flatMap(({ endpoints, domain, repository }) =>
    (Object.entries(endpoints) as [PackageFormat, string][]).map(async ([format, endpoint]): Promise<Finding> => {
      try {
        const { token } = await access.ask(routes.token, { url: endpoint, format }, { timeoutMs: agentTimeoutMs });
        const asked = { endpoint, format, token };
        const surroundings = { roleArn: "of the session", caBundle: env["AWS_CA_BUNDLE"] };
        return await checkReading(asked, `${domain}/${repository}`, surroundings, access);
      } catch (error) {
        return findingOf("access", error);
      }
    }),
  );
  return Promise.all(checks);
}
