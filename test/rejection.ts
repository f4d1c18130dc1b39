import { VouchError } from "../src/base/errors.ts";

/** The VouchError that the promise rejects with or the function throws; fails for a result or anything else. */
export async function rejection(attempt: Promise<unknown> | (() => unknown)): Promise<VouchError> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    if (error instanceof VouchError) return error;
    throw error;
  }
  throw new Error("expected a VouchError, got a result");
}
