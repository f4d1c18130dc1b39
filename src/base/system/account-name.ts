/** Names of the operating system's accounts. */
import { CString, read } from "bun:ffi";
import { openLibc } from "./libc.ts";

/**
 * The name that the system's user database (getpwuid) gives a user id; undefined if it has none, as in a container with
 * an unlisted user. The environment has no say: `os.userInfo()` of the runtime would return `USER`.
 */
export function accountName(uid: number): string | undefined {
  const { getpwuid } = openLibc({ getpwuid: { args: ["u32"], returns: "ptr" } });
  const entry = getpwuid(uid);
  // pw_name is the first member of struct passwd on every system.
  const name = entry === null ? 0 : read.ptr(entry);
  return name === 0 ? undefined : new CString(name);
}
