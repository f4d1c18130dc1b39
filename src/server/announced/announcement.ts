/** What the laptops of one person are told to use: the union of the profiles of everybody and of the person's groups. */
import * as v from "valibot";
import { AnnouncedBody, canonical, problemOf } from "../../announced/body.ts";
import { mergedOf } from "../../announced/merged.ts";
import { VouchError } from "../../base/errors.ts";
import type { LaptopProfile } from "../store/people/laptop-profiles.ts";
import type { Transaction } from "../store/store.ts";

/**
 * What is announced to the person, in its canonical form: what a later profile says of the same thing takes the place of
 * what an earlier one said. Throws `access_denied` if it is more than a laptop takes.
 */
export async function announcementFor({ laptopProfiles }: Transaction, userId: string): Promise<AnnouncedBody> {
  return unionOf((await laptopProfiles.ofUser(userId)).map(bodyOf));
}

/** The union, canonical. Throws `access_denied` if it is more than a laptop takes. */
export function unionOf(bodies: readonly AnnouncedBody[]): AnnouncedBody {
  const result = v.safeParse(AnnouncedBody, mergedOf(bodies));
  if (result.success) return canonical(result.output);
  throw new VouchError("access_denied", "The profiles of your groups are together more than a laptop takes.", {
    hint: "Tell the people who run your Vouch server; `vouch server profiles show --person EMAIL` shows it to them.",
  });
}

/** What a profile announces. Throws `settings_invalid` for one that this program does not understand. */
export function bodyOf({ name, body }: LaptopProfile): AnnouncedBody {
  const result = v.safeParse(AnnouncedBody, JSON.parse(body));
  if (result.success) return result.output;
  throw new VouchError("settings_invalid", `The profile ${name} is not valid at ${problemOf(result.issues)}.`, {
    hint: `Set it again: \`vouch server profiles set ${name} FILE\`.`,
  });
}
