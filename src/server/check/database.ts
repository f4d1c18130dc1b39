/** Looks into the database without changing anything: its version, its signing keys. */
import { initHint } from "../initialize.ts";
import type { Secret } from "../../base/secret.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import { type Look, lookInto } from "../store/look.ts";
import { obstacleTo } from "../store/obstacle.ts";
import { isPostgresUrl } from "../store/postgres/address.ts";
import { describeDatabase } from "../store/open.ts";
import { statusesAt } from "../signing/life-cycle.ts";
import { describeProtection, type KeyProtector, parseProtection } from "../signing/protection.ts";
import { encryptHint } from "../signing/encrypt.ts";
import { openSigner } from "../signing/signing-key.ts";
import { failed, type Finding, ok, problem, warning } from "./finding.ts";

export interface CheckedDatabase {
  findings: Finding[];
  found: Look | undefined;
}

/** `url` is the server's URL of the settings, which lets it make a database that is missing. */
export async function checkDatabase(
  database: string,
  password: Secret | undefined,
  url: string | undefined,
): Promise<CheckedDatabase> {
  const check = "database";
  try {
    const found = await lookInto(database, password);
    const name = describeDatabase(database);
    if (found === undefined || found.configuration === undefined) {
      const message = `${name} has not been initialised`;
      if (url === undefined) return { findings: [problem(check, `${message}.`, initHint)], found };
      const obstacle = await obstacleTo(database, password, true);
      const finding =
        obstacle === undefined
          ? warning(
              check,
              `${message}: the server makes it when it starts, with a new signing key, and knows nobody.`,
              `Right for the first start. If there was a database before, ${
                isPostgresUrl(database)
                  ? "fill this one with pg_restore, then run `vouch server restore`."
                  : "restore its backup: `vouch server restore FILE`."
              }`,
            )
          : unwritable(name, obstacle);
      return { findings: [finding], found };
    }
    const findings = [version(name, found)];
    const obstacle = await obstacleTo(database, password, found.version.found < found.version.known);
    if (obstacle !== undefined) findings.push(unwritable(name, obstacle));
    if (url !== undefined && url !== found.configuration.url) {
      findings.push(problem(check, `${name} belongs to ${found.configuration.url}, not to ${url}.`));
    }
    return { findings, found };
  } catch (error) {
    return { findings: [failed(check, error)], found: undefined };
  }
}

function unwritable(name: string, obstacle: string): Finding {
  return problem(
    "database",
    `${name} cannot be written: ${obstacle}.`,
    "A server neither starts nor works with it like that.",
  );
}

function version(name: string, { version: { found, known } }: Look): Finding {
  if (found === known) return ok("database", `${name} has version ${found}`);
  if (found > known)
    return warning("database", `${name} has version ${found}, of a newer Vouch, which this one can use`);
  return ok("database", `${name} has version ${found}: the server takes it to ${known} when it starts`);
}

/** Tries every key that signs or will sign; `config` is the path of the configuration file. */
export async function checkSigningKeys(
  { signingKeys, configuration }: Look,
  protector: KeyProtector | undefined,
  { now, config }: { now: number; config: string | undefined },
): Promise<Finding[]> {
  if (configuration === undefined || signingKeys === undefined) return [];
  const check = "signing keys";
  if (signingKeys.length === 0)
    return [
      problem(
        check,
        "The database has no signing key.",
        "Run `vouch server init --url https://YOUR-HOST`: it makes one.",
      ),
    ];
  const live = statusesAt(signingKeys, now).filter(({ state }) => state === "signing" || state === "published");
  const tried = live.map(async ({ key, state }) => await tryKey({ key, state }, configuration.url, protector, config));
  return await Promise.all(tried);
}

async function tryKey(
  { key, state }: { key: SigningKey; state: string },
  url: string,
  protector: KeyProtector | undefined,
  config: string | undefined,
): Promise<Finding> {
  const check = "signing keys";
  try {
    await openSigner(key, url, protector);
    const protection = parseProtection(key.protection, key.kid);
    if (protection !== undefined)
      return ok(check, `${key.kid}, ${state}, ${describeProtection(protection)}, can be used`);
    return warning(
      check,
      `${key.kid}, ${state}, lies in the database in clear text: whoever has a copy can sign as this server.`,
      encryptHint(protector !== undefined, config),
    );
  } catch (error) {
    return failed(check, error);
  }
}
