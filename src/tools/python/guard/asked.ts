/** The check before `keyring` gives a token to a package manager that no shim of ours has checked. */
import { VouchError } from "../../../base/errors.ts";
import { askersAbove } from "../../../base/process/calling-processes.ts";
import { mentionsOfAskers } from "../project/clients.ts";
import { mentionsOfInherited } from "./inherited-variables.ts";
import { judge } from "./judge.ts";

/**
 * Checks the files that the callers' command lines and folders lead to. `checked` is the process id of a pip that our
 * shim has checked, NaN for none. Throws `project_untrusted` if they would send a token elsewhere, or if that cannot be
 * known.
 */
export async function checkAskers(checked: number): Promise<void> {
  const askers = askersAbove();
  if (askers.length === 0) {
    const message = "It cannot be seen which program asks for a token, and with which files of a project.";
    throw new VouchError("project_untrusted", message, {
      hint: "Use the `pip` of the shims folder, or let /proc show you your own processes.",
    });
  }
  const mentions = [...mentionsOfInherited(askers, process.env), ...mentionsOfAskers(askers, process.env, checked)];
  const { refusal, doubt } = await judge(mentions);
  const error = refusal ?? doubt;
  if (error !== undefined) throw error;
}
