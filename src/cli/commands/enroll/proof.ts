/** The last step: one real request proves that packages can be read. */
import { askAgent } from "../../../agent/wire/client.ts";
import type { PackageFormat } from "../../../base/package-format.ts";
import { VouchError } from "../../../base/errors.ts";
import { checkOneEndpoint } from "../doctor/access.ts";
import { askEndpoint } from "../doctor/registry.ts";
import { note, success } from "../../terminal/terminal.ts";
import { hasSession } from "../chosen-server.ts";
import { ifAnswersAreWrong } from "./resumable.ts";
import type { Situation } from "./step.ts";

const registries: Partial<Record<PackageFormat, string>> = {
  pypi: "PyPI",
  maven: "Maven",
  nuget: "NuGet",
  cargo: "Cargo",
};

/** Asks the endpoint of the default repository, and says that it answers. Throws the real cause if it does not. */
export async function prove({ settings, agent }: Pick<Situation, "settings" | "agent">): Promise<void> {
  const repository = settings.repositories.at(-1);
  if (repository === undefined) return;
  if (!hasSession(agent, settings))
    return note("Not checked: there is no session. Next: `vouch login`, then `vouch doctor`.");
  const checked = await checkOneEndpoint(
    repository,
    { settings, env: process.env },
    { ask: askAgent, askEndpoint, isGuided: true },
  );
  if (checked === undefined) return;
  const { format, finding } = checked;
  const name = `${repository.domain}/${repository.repository}`;
  if (finding.status === "ok")
    return success(`Checked: the ${registries[format] ?? format} registry of ${name} answers.`);
  throw new VouchError("aws_error", `Everything is set up, but packages cannot be read. ${finding.found}`, {
    hint: `${finding.remedy ?? ""} ${ifAnswersAreWrong}`.trim(),
  });
}
