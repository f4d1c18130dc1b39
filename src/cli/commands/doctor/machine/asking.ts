/** Checks how the person is asked for PIN, touch and publishing, where that is not on a terminal alone. */
import { isAutomated } from "../../../../base/automation.ts";
import { printable } from "../../../../base/words/printable.ts";
import { chosenPinentry, hasPlaceToAsk } from "../../../../base/system/pinentry-program.ts";
import { hasPublishRole } from "../../../../settings/publish-roles.ts";
import type { loginPrompts } from "../../../../settings/settings.ts";
import { type Finding, type Machine, ok, warning } from "../../../../tools/checks/finding.ts";

const promptWords: Record<(typeof loginPrompts)[number], string> = {
  terminal: "shims ask on your terminal, helpers wait for a login in another one",
  always: "shims and helpers ask, without a terminal in a dialogue of pinentry",
  never: "no command asks you to log in, and none waits for it",
};

/** Findings where the setting was chosen, or where a dialogue matters: it asks for logins, or for publishing by a touch. */
export function checkAsking({ settings, env }: Machine): Finding[] {
  const prompt = settings.login?.prompt;
  const publishes = settings.repositories.some((each) => hasPublishRole(each));
  return [
    ...(prompt === undefined ? [] : [ok("login-prompt", `login.prompt is ${prompt}: ${promptWords[prompt]}.`)]),
    ...((prompt === "always" || publishes) && !isAutomated(env) ? [checkPinentry(env, prompt === "always")] : []),
  ];
}

function checkPinentry(env: Machine["env"], isWanted: boolean): Finding {
  const { file, named } = chosenPinentry(env);
  const lost = isWanted ? "you are asked on a terminal only" : "publishing is allowed on a terminal only";
  if (file === undefined && named !== undefined) {
    const found = `gpg-agent.conf names a pinentry that is not there, ${printable(named)}: ${lost}.`;
    return warning("pinentry", found, "Correct `pinentry-program` in gpg-agent.conf, or take the line out.");
  }
  if (file === undefined) {
    const found = `No pinentry is on PATH: ${lost}.`;
    if (!isWanted) return ok("pinentry", found);
    const remedy = "Install one: `sudo apt install pinentry-gtk2`, `brew install pinentry-mac`.";
    return warning("pinentry", found, remedy);
  }
  if (hasPlaceToAsk(env)) return ok("pinentry", `Without a terminal ${printable(file)} asks.`);
  const found = `Without a terminal ${printable(file)} would ask, but it has no display and no GPG_TTY here: ${lost}.`;
  return isWanted ? warning("pinentry", found, "Set DISPLAY, WAYLAND_DISPLAY or GPG_TTY.") : ok("pinentry", found);
}
