/** `--audience`: the client ids that identity tokens are for. */
import { VouchError } from "../../base/errors.ts";
import { parseList } from "../configuration/list.ts";

export const audienceArg = {
  audience: {
    type: "string",
    description:
      "The client ids that identity tokens may be issued for, separated by commas. Default: sts.amazonaws.com.",
    valueHint: "ID,…",
  },
} as const;

/** Parses a comma-separated list of client ids of IAM, 1 to 255 characters each. Throws `usage`, for an empty list too. */
export function parseAudiences(list: string): string[] {
  const audiences = parseList(list, "audience");
  if (audiences.every((each) => /^[\u0021-\u007E]{1,255}$/.test(each))) return audiences;
  throw new VouchError("usage", `Expected --audience ID,…, got "${list}".`);
}
