/** A look into a database that changes nothing: no table is made, no version migrated, no file written. */
import { statSync } from "node:fs";
import type { SQL } from "bun";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { Metadata } from "../policy/metadata.ts";
import { AttestationMetadataStore } from "./attestation-metadata.ts";
import { ConfigurationStore, type ServerConfiguration } from "./configuration.ts";
import { unusable } from "./failure.ts";
import { sqlitePath } from "./open.ts";
import { isPostgresUrl, type PostgresAddress, postgresAddress } from "./postgres/address.ts";
import { Pool } from "./postgres/pool.ts";
import { checkVersion, schemaVersion } from "./schema.ts";
import { signingKeysVersion } from "./schema-versions.ts";
import { type SigningKey, SigningKeyStore } from "./signing-keys.ts";
import type { Sql } from "./sql.ts";
import { openToRead, requireOwn } from "./sqlite/content.ts";
import { requireRegular } from "./sqlite/files.ts";
import { checkTables, type Lists, postgresLists, sqliteLists } from "./tables.ts";

export interface Look {
  version: { found: number; known: number };
  /** Undefined before `vouch server init`. */
  configuration: ServerConfiguration | undefined;
  /** Undefined where the version is older than what reads them. */
  signingKeys: SigningKey[] | undefined;
  /** Of security keys' models, as the server last read them. */
  metadata: Metadata | undefined;
  /** Numbers of rows. */
  rows: { users: number; credentials: number };
  /** What changes rows by itself, or shows others: Vouch has none. */
  triggers: string[];
}

/**
 * Reads what a server would start with; undefined if there is no database or no table. Throws `usage`, `file_error`,
 * `network`, `settings_invalid` (a version that is too new, a login that is refused).
 */
export async function lookInto(url: string, password: Secret | undefined): Promise<Look | undefined> {
  if (!isPostgresUrl(url)) return await lookIntoOwn(sqlitePath(url));
  const address = postgresAddress(url, password);
  try {
    return await lookIntoPostgres(address);
  } catch (error) {
    throw unusable(error, address.name, { hasPassword: address.password !== undefined }) ?? error;
  }
}

async function lookIntoPostgres(address: PostgresAddress): Promise<Look | undefined> {
  const pool = new Pool(address);
  try {
    return await pool.once(async (connection) => {
      await connection`BEGIN READ ONLY`;
      const [{ found }] = await connection`SELECT to_regclass('schema_versions') IS NOT NULL AS found`;
      if (!found) return undefined;
      const look = await readTables(
        (strings, ...values) => connection(strings, ...values),
        postgresLists,
        address.name,
      );
      await connection`ROLLBACK`;
      return look;
    });
  } finally {
    await pool.close();
  }
}

/** Of another program's database nothing is read, nor does a server begin in it. */
async function lookIntoOwn(path: string): Promise<Look | undefined> {
  requireRegular(path);
  try {
    requireOwn(path, true);
  } catch (error) {
    throw unusable(error, path) ?? error;
  }
  return await lookIntoFile(path);
}

/** As `lookInto`, for the file `path`. */
export async function lookIntoFile(path: string): Promise<Look | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unusable(error, path) ?? error;
  }
}

async function readFile(path: string): Promise<Look | undefined> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  requireRegular(path);
  const database = openToRead(path);
  try {
    const run: Sql = async (strings, ...values) => database.query(strings.join("?")).all(...(values as string[]));
    const [table] = await run`SELECT name FROM sqlite_master WHERE name = 'schema_versions'`;
    return table === undefined ? undefined : await readTables(run, sqliteLists, path);
  } finally {
    database.close();
  }
}

async function readTables(run: Sql, { columns, triggers }: Lists, name: string): Promise<Look> {
  const sql = run as unknown as SQL;
  await checkVersion(sql, name);
  await checkTables(run, columns, name);
  const version = await schemaVersion(sql);
  const [{ number } = { number: 0 }] = await run`SELECT count(*) AS number FROM schema_versions`;
  if (version.found === 0 || (version.found <= version.known && Number(number) !== version.found)) {
    throw new VouchError("settings_invalid", `${name} lacks versions of its schema (table schema_versions).`, {
      hint: "It is damaged, or was restored in part. Restore a backup: `vouch server restore`.",
    });
  }
  return {
    version,
    triggers: await triggers(run),
    configuration: await new ConfigurationStore(run).load(),
    signingKeys: version.found < signingKeysVersion ? undefined : await new SigningKeyStore(run).all(),
    metadata: await new AttestationMetadataStore(run).load(),
    rows: {
      users: await countOf(run`SELECT count(*) AS rows FROM users`),
      credentials: await countOf(run`SELECT count(*) AS rows FROM credentials`),
    },
  };
}

/** PostgreSQL's count is a bigint, which the client may give as text. */
async function countOf(counting: Promise<unknown>): Promise<number> {
  const [row] = (await counting) as [{ rows: number | string | bigint }];
  return Number(row.rows);
}
