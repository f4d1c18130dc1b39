/** What a step that failed tells a person to do: the commands of the guided set-up in the place of the single ones. */
import { VouchError } from "../../../base/errors.ts";

const stays = "What is done stays";
const names = "`vouch enroll --domain DOMAIN --repository REPOSITORY`";

/** Codes of an answer of AWS, which a wrong role, region or name has as its cause. */
const ofAws: ReadonlySet<string> = new Set(["access_denied", "aws_error", "aws_not_found"]);

/** Codes that a login mends, which is a step of the guided set-up: that goes on. */
const ofSession: ReadonlySet<string> = new Set(["login_needed", "session_expired"]);

/** The hint of the guided set-up. */
function guidedHint({ code, hint, guidedHint: guided }: VouchError): string | undefined {
  return guided ?? (ofSession.has(code) ? undefined : hint);
}

/** The sentence on answers that turn out wrong after their step. */
export const ifAnswersAreWrong = `If the role or the region is wrong: \`vouch enroll --role ARN --region REGION\`; if a name is: ${names}.`;

/**
 * The error with the command that goes on; `done`: the number of steps before, of which the second names the role;
 * `doubt`: what an interruption leaves unknown.
 */
export function resumable(error: unknown, done: number, doubt?: string): VouchError {
  const failed = VouchError.from(error);
  const { code, message, cause } = failed;
  if (done === 0) {
    const hint = failed.guidedHint ?? failed.hint;
    const unspent = "A code that was typed is not used up: `vouch enroll` takes it again.";
    return new VouchError(code, message, { hint: code === "cancelled" ? (doubt ?? unspent) : hint, cause });
  }
  const hint = guidedHint(failed);
  const remedies = [
    ...(hint === undefined ? [] : [hint]),
    ...(done > 1 && ofAws.has(code)
      ? ["If the role or the region is wrong: `vouch enroll --role ARN --region REGION`."]
      : []),
  ].join(" ");
  const last = remedies.includes("`vouch enroll") ? `${stays}.` : `${stays}: \`vouch enroll\` goes on from here.`;
  return new VouchError(code, message, { hint: `${remedies} ${last}`.trim(), cause });
}
