/** The contract of the store, kept by SQLite. */
import { describe } from "bun:test";
import { keepsAuditLog } from "./audit.ts";
import { encryptsSigningKeys } from "./encrypted-keys.ts";
import { grantsOnce } from "./at-once.ts";
import { changesOnePerson } from "./one-person.ts";
import { keeps } from "./keeps.ts";
import { keepsAttestations } from "./attestations.ts";
import { keepsGroups } from "./groups.ts";
import { keepsPageSessions } from "./page-sessions.ts";
import { keepsProvisioned } from "./provisioned.ts";
import { changesSigningKeys } from "./signing-keys.ts";
import { keepsRefreshTokens } from "./refresh-tokens.ts";
import { signsOn } from "./sign-on.ts";
import { sqlite } from "./database.ts";

describe("SQLite", () => {
  describe("what it keeps", () => keeps(sqlite));
  describe("groups and roles", () => keepsGroups(sqlite));
  describe("attestations", () => keepsAttestations(sqlite));
  describe("sessions of the pages", () => keepsPageSessions(sqlite));
  describe("single sign-on", () => signsOn(sqlite));
  describe("refresh tokens", () => keepsRefreshTokens(sqlite));
  describe("SCIM", () => keepsProvisioned(sqlite));
  describe("about one person", () => changesOnePerson(sqlite));
  describe("at once", () => grantsOnce(sqlite));
  describe("signing keys", () => changesSigningKeys(sqlite));
  describe("encrypted signing keys", () => encryptsSigningKeys(sqlite));
  describe("audit log", () => keepsAuditLog(sqlite));
});
