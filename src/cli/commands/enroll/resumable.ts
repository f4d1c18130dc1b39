/** What a step that failed tells a person to do: the commands of the guided set-up in the place of the single ones. */
import { VouchError } from "../../../base/errors.ts";

const stays = "What is done stays";
const names = "`vouch enroll --domain DOMAIN --repository REPOSITORY`";

/** Hints of AWS's errors name the commands that do one thing; a person in the guided set-up has one for all. */
const guided: readonly [single: RegExp, guided: string][] = [
  [/`vouch login`/g, "`vouch enroll`"],
  [/`vouch setup aws ((?:--role ARN )?--region REGION)`/g, "`vouch enroll $1`"],
  [/`vouch setup codeartifact` with the right ones?/g, names],
];

/** Codes of an answer of AWS, which a wrong role, region or name has as its cause. */
const ofAws: ReadonlySet<string> = new Set(["access_denied", "aws_error", "aws_not_found"]);

/** The hint with the commands of the guided set-up. */
export function inGuidedWords(hint: string): string {
  return guided.reduce((text, [single, words]) => text.replaceAll(single, words), hint);
}

/** The sentence on answers that turn out wrong after their step. */
export const ifAnswersAreWrong = `If the role or the region is wrong: \`vouch enroll --role ARN --region REGION\`; if a name is: ${names}.`;

/**
 * The error with the command that goes on; `done`: the number of steps before, of which the second names the role;
 * `doubt`: what an interruption leaves unknown.
 */
export function resumable(error: unknown, done: number, doubt?: string): VouchError {
  const { code, message, hint, cause } = VouchError.from(error);
  if (done === 0) {
    const unspent = "A code that was typed is not used up: `vouch enroll` takes it again.";
    return new VouchError(code, message, { hint: code === "cancelled" ? (doubt ?? unspent) : hint, cause });
  }
  const remedies = [
    ...(hint === undefined ? [] : [inGuidedWords(hint)]),
    ...(done > 1 && ofAws.has(code)
      ? ["If the role or the region is wrong: `vouch enroll --role ARN --region REGION`."]
      : []),
  ].join(" ");
  const last = remedies.includes("`vouch enroll") ? `${stays}.` : `${stays}: \`vouch enroll\` goes on from here.`;
  return new VouchError(code, message, { hint: `${remedies} ${last}`.trim(), cause });
}
