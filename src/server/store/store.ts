/** The server's database as its handlers see it: one contract for SQLite and PostgreSQL. */
import { type AuditEntry, type Fact, type Link, nextEntry } from "../audit/entry.ts";
import { type Lane, Lanes } from "../audit/lanes.ts";
import { AccountStore } from "./people/accounts.ts";
import { AttestationMetadataStore } from "./attestation-metadata.ts";
import { AuditStore, isTaken } from "./audit.ts";
import { AuthorizationCodeStore } from "./people/authorization-codes.ts";
import { CeremonyStore } from "./people/ceremonies.ts";
import { ConfigurationStore } from "./configuration.ts";
import { CredentialStore } from "./people/credentials.ts";
import { databaseFailure } from "./failure.ts";
import { GroupStore } from "./people/groups.ts";
import { IdentityStore } from "./people/identities.ts";
import { LaptopProfileStore } from "./people/laptop-profiles.ts";
import { PageSessionStore } from "./people/page-sessions.ts";
import { ProvisionedStore } from "./people/provisioned.ts";
import { PushedRequestStore } from "./people/pushed-requests.ts";
import { purgeExpired } from "./purge.ts";
import { RoleStore } from "./people/roles.ts";
import { ScimTokenStore } from "./people/scim-tokens.ts";
import { SignOnStore } from "./people/sign-ons.ts";
import { SessionStore } from "./people/sessions.ts";
import { SigningKeyStore } from "./signing-keys.ts";
import type { Sql } from "./sql.ts";

/** Access to the tables, over one way to run statements. */
export class Tables {
  readonly accounts: AccountStore;
  readonly attestationMetadata: AttestationMetadataStore;
  readonly authorizationCodes: AuthorizationCodeStore;
  readonly ceremonies: CeremonyStore;
  readonly credentials: CredentialStore;
  readonly configuration: ConfigurationStore;
  readonly groups: GroupStore;
  readonly identities: IdentityStore;
  readonly laptopProfiles: LaptopProfileStore;
  readonly pageSessions: PageSessionStore;
  readonly provisioned: ProvisionedStore;
  readonly pushedRequests: PushedRequestStore;
  readonly roles: RoleStore;
  readonly scimTokens: ScimTokenStore;
  readonly sessions: SessionStore;
  readonly signOns: SignOnStore;
  readonly signingKeys: SigningKeyStore;

  constructor(sql: Sql) {
    this.accounts = new AccountStore(sql);
    this.attestationMetadata = new AttestationMetadataStore(sql);
    this.authorizationCodes = new AuthorizationCodeStore(sql);
    this.ceremonies = new CeremonyStore(sql);
    this.credentials = new CredentialStore(sql);
    this.configuration = new ConfigurationStore(sql);
    this.groups = new GroupStore(sql);
    this.identities = new IdentityStore(sql);
    this.laptopProfiles = new LaptopProfileStore(sql);
    this.pageSessions = new PageSessionStore(sql);
    this.provisioned = new ProvisionedStore(sql);
    this.pushedRequests = new PushedRequestStore(sql);
    this.roles = new RoleStore(sql);
    this.scimTokens = new ScimTokenStore(sql);
    this.sessions = new SessionStore(sql);
    this.signOns = new SignOnStore(sql);
    this.signingKeys = new SigningKeyStore(sql);
  }
}

/** Access to the tables, within a transaction or not. */
export type Transaction = Tables;

/** Adds an entry to the audit log, in the transaction of what it records. Throws the database's error. */
export type WriteFact = (fact: Fact) => Promise<void>;

/** Access to the tables within a transaction, which records what it does. */
export class Recording extends Tables {
  readonly audit: AuditStore;
  readonly record: WriteFact;

  constructor(sql: Sql, record: WriteFact) {
    super(sql);
    this.audit = new AuditStore(sql);
    this.record = record;
  }
}

/** Who writes the audit log. */
export interface AuditOptions {
  /** Names the chains of this process. Others may have the same name; then they wait for each other. */
  replica?: string | undefined;
  /** Who does what no request asks for. */
  by?: string | undefined;
  /** This machine's clock, in seconds since 1970. */
  clock?: (() => number) | undefined;
  /** Is given each entry after its commit. Must not throw. */
  recorded?: ((entry: AuditEntry) => void) | undefined;
}

/** How often a transaction runs again because another process has written to the same chain. */
const maxTakenChains = 20;

export abstract class Store extends Tables {
  /** The audit log, for reading. */
  readonly audit: AuditStore;
  readonly #upkeep: Sql;
  readonly #options: AuditOptions;
  readonly #lanes: Lanes;
  /** The database's clock minus this machine's, in seconds. */
  #offset = 0;

  /** `sql` runs the statements of requests; `upkeep` those that need no isolation from them. */
  constructor(sql: Sql, upkeep: Sql, options: AuditOptions) {
    super(sql);
    this.audit = new AuditStore(upkeep);
    this.#upkeep = upkeep;
    this.#options = options;
    this.#lanes = new Lanes(options.replica ?? "unnamed", () => this.now());
  }

  /**
   * Runs `work` in a transaction, rolled back if it throws. The transactions of all processes have the effect of one
   * after the other, so what `work` has checked holds at COMMIT. `work` must use the given tables and await nothing
   * else; it may run more than once, so whatever else it changes must bear that.
   */
  async transaction<Result>(work: (tables: Recording) => Promise<Result>): Promise<Result> {
    for (let attempts = 0; ; attempts++) {
      let lane: Lane | undefined;
      let written: AuditEntry[] = [];
      let head: Link | undefined;
      let runs = 0;
      let isPassedOn = false;
      const run = async (sql: Sql): Promise<Result> => {
        runs++;
        written = [];
        const result = await work(
          new Recording(sql, async (fact) => {
            lane ??= this.#lanes.take();
            // A second run may be because the known head is not the last entry.
            const last = written.at(-1) ?? (runs === 1 ? lane.head : undefined);
            written.push(await this.#append(new AuditStore(sql), lane.chain, last, fact));
          }),
        );
        if (this.sharesCommits && lane !== undefined) {
          this.#lanes.release(lane, written.at(-1) ?? lane.head);
          isPassedOn = true;
        }
        return result;
      };
      try {
        const result = await this.isolated(run);
        head = written.at(-1) ?? lane?.head;
        for (const entry of written) this.#options.recorded?.(entry);
        return result;
      } catch (error) {
        if (isPassedOn || databaseFailure(error) !== undefined) this.#lanes.forgetHeads();
        if (!(lane !== undefined && isTaken(error) && attempts < maxTakenChains)) throw error;
      } finally {
        if (lane !== undefined && !isPassedOn) this.#lanes.release(lane, head);
      }
    }
  }

  /** A connection was lost, and with it perhaps the database that it led to: the next one may be a standby. */
  connectionLost(): void {
    this.#lanes.forgetHeads();
  }

  async #append(audit: AuditStore, chain: string, head: Link | undefined, fact: Fact): Promise<AuditEntry> {
    const last = head ?? (await audit.head(chain));
    const entry = nextEntry(chain, last, fact, { time: this.now(), by: this.#options.by });
    await audit.add(entry);
    return entry;
  }

  /**
   * Whether transactions run one after the other and are committed together: then one chain is passed on from each to the
   * next, as what follows on an entry is committed only with it. All callers of a failed commit must be told, and have
   * come to their end, before the next transaction runs.
   */
  protected abstract readonly sharesCommits: boolean;

  /** Runs `work` as `transaction` does, with the statements alone. */
  protected abstract isolated<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;

  /**
   * Resolves when everything that was committed before the call is on the disk: nothing is acknowledged before. Throws
   * SyncFailedError.
   */
  abstract settled(): Promise<void>;

  /**
   * The database's clock, by which all of its servers decide what they must agree on, in seconds since 1970. A file has
   * none: it is on one machine, whose clock is `own`.
   */
  async time(own: number): Promise<number> {
    const time = await this.databaseTime(own);
    this.#offset = time - own;
    return time;
  }

  protected abstract databaseTime(own: number): Promise<number>;

  /** The database's clock as far as it was last asked (`time`), in seconds since 1970. */
  now(): number {
    return (this.#options.clock?.() ?? Math.floor(Date.now() / 1000)) + this.#offset;
  }

  /** Throws DatabaseReplacedError if the database is a file that was deleted, replaced or emptied. */
  abstract checkFile(): void;

  /**
   * Copies the database to a new file `path` and checks the copy; returns the number of rows of each table. Throws
   * `edit_conflict` (the file exists), `file_error`, `usage` (not this program's to do).
   */
  abstract backUp(path: string): Promise<Record<string, number>>;

  /**
   * Overwrites what was deleted or replaced, so that none of it is left in the database's files. False if it cannot be
   * told: another program holds the files, or the database keeps old rows by itself.
   */
  abstract scrub(): Promise<boolean>;

  abstract close(): Promise<void>;

  /** Readiness probe: writes to the database and its disk, as a login does. Throws the write's error. */
  async probe(now: number): Promise<void> {
    this.checkFile();
    await this.#upkeep`
      INSERT INTO dpop_proofs (id, expires_at) VALUES ('readiness', ${now})
      ON CONFLICT (id) DO UPDATE SET expires_at = ${now}`;
    await this.settled();
  }

  /** Deletes expired rows in batches, so that requests are answered in between; `now` in seconds since 1970. */
  async purge(now: number): Promise<void> {
    await purgeExpired(this.#upkeep, now);
  }

  /** The number of live sessions; reads all sessions. */
  async countSessions(now: number): Promise<number> {
    const [row] = await this.#upkeep`
      SELECT count(*) AS live FROM sessions WHERE expires_at > ${now} AND revoked_at IS NULL`;
    return Number(row.live);
  }
}
