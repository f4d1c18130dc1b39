/** The detail of an audit entry, as people read it. */
import { expect, test } from "bun:test";
import { detailTexts } from "../../../src/server/audit/detail-text.ts";

test("a member without a value, or with an empty list, is left out", () => {
  const detail = { for: "enroll", email: null, joined: ["data", "platform"], left: [], sessions: 0 };
  expect(detailTexts(detail)).toEqual(["for=enroll", "joined=data,platform", "sessions=0"]);
});
