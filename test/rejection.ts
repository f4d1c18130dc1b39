import { VouchError } from "../src/errors.ts";

/** The VouchError that the promise rejects with; fails when it resolves or rejects with anything else. */
export async function rejection(promise: Promise<unknown>): Promise<VouchError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VouchError) return error;
    throw error;
  }
  throw new Error("expected a rejection, got a result");
}
