/** The URL of a PostgreSQL database: what it may say, and that no error shows its password. */
import { expect, onTestFinished, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { VouchError } from "../../../../src/base/errors.ts";
import {
  hasPassword,
  isPostgresUrl,
  postgresAddress,
  postgresName,
} from "../../../../src/server/store/postgres/address.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const refused = (url: string): VouchError => {
  try {
    postgresAddress(url, undefined);
  } catch (error) {
    if (error instanceof VouchError) return error;
    throw error;
  }
  throw new Error(`${url} was accepted`);
};

test.each([
  ["postgres://vouch@127.0.0.1/db", { host: "127.0.0.1", port: 5432, user: "vouch", database: "db", tls: false }],
  ["postgresql://vouch@localhost:6543/db", { host: "localhost", port: 6543, tls: false }],
  ["postgres://vouch@[::1]:6543/db", { host: "::1", port: 6543, tls: false }],
  ["postgres:///db?host=/run/postgresql&user=vouch", { host: "/run/postgresql", user: "vouch", tls: false }],
  ["postgres:///db?host=/run/postgresql&port=6543&user=vouch", { port: 6543 }],
  ["postgres://a%40b@127.0.0.1/d%20b", { user: "a@b", database: "d b" }],
  ["postgres://vouch@db.example.com/db", { host: "db.example.com", tls: { ca: undefined } }],
  ["postgres://vouch@db.example.com/db?sslmode=verify-full", { tls: { ca: undefined } }],
  ["postgres://vouch@localhost/db?sslmode=verify-full", { host: "localhost", tls: { ca: undefined } }],
  ["postgres://vouch@localhost/db?sslmode=disable", { tls: false }],
])("%s says where the database is, and whether TLS leads there", (url, expected) => {
  expect(isPostgresUrl(url)).toBe(true);
  expect(postgresAddress(url, undefined)).toMatchObject(expected);
});

test("the file of authorities is read", () => {
  const path = join(tempFolderUntil(onTestFinished), "ca.pem");
  writeFileSync(path, "authorities");
  const { tls } = postgresAddress(`postgres://vouch@db/db?sslrootcert=${encodeURIComponent(path)}`, undefined);
  expect(tls).toEqual({ ca: "authorities" });
  expect(refused("postgres://vouch@db/db?sslrootcert=/nowhere.pem")).toMatchObject({ code: "file_error" });
});

test.each([
  ["postgres://vouch:hunter2@db.example.com/db?sslmode=disable", "Without TLS"],
  ["postgres://vouch:hunter2@db.example.com/db?sslmode=prefer", "does not verify"],
  ["postgres://vouch:hunter2@db.example.com/db?sslmode=require", "does not verify"],
  ["postgres://vouch:hunter2@db.example.com/db?sslmode=verify-ca", "does not verify"],
  ["postgres://vouch:hunter2@127.0.0.2.example.com/db?sslmode=disable", "Without TLS"],
  ["postgres://vouch:hunter2@localhost.example.com/db?sslmode=disable", "Without TLS"],
  ["postgres://vouch:hunter2@0.0.0.0/db?sslmode=disable", "Without TLS"],
  ["postgres://vouch:hunter2@db/db?sslmode=verify-full&sslmode=disable", "each once"],
  ["postgres://vouch:hunter2@db/db?options=-c%20x", "no parameters but"],
  ["postgres://vouch:hunter2@db/db#hunter2", "fragment"],
  ["postgres://vouch:hunter2@db/", "a database"],
  ["postgres://vouch:hunter2@db/a/b", "a database"],
  ["postgres://:hunter2@db/db", "a user"],
  ["postgres://vouch:hunter2@db:99999/db", "a URL"],
  ["postgres://vouch:%zz@db/db", "%XX"],
  ["postgres:///db?host=relative&user=vouch", "Unix socket"],
  ["postgres://vouch:hunter2@db/db?host=/run/postgresql", "Unix socket"],
  ["postgres:///db?host=/run/postgresql&user=vouch&sslmode=verify-full", "Unix socket"],
  ["postgres://vouch:hunter2@db/db?user=other", "beside ?host="],
  ["postgres:///db?host=/run&user=vouch&port=0x1F90000", "a port"],
  ["postgres://vouch:hunter2@%2Frun%2Fpostgresql/db", "a host"],
])("%s is refused, in words that do not repeat it", (url, words) => {
  const error = refused(url);
  expect(error.code).toBe("usage");
  expect(`${error.message} ${error.hint}`).toContain(words);
  expect(`${error.message} ${error.hint}`).not.toContain("hunter2");
});

test("a password stays out of the name and of what prints the address", () => {
  const address = postgresAddress("postgres://vouch:hunter%322@127.0.0.1:1/db", undefined);
  expect(address.password?.expose()).toBe("hunter22");
  expect(address.name).toBe("postgres://vouch@127.0.0.1:1/db");
  expect(Bun.inspect(address) + JSON.stringify(address)).not.toContain("hunter");
});

test.each([
  ["postgres://vouch:hunter2@db/db", true],
  ["postgresql://:hunter2@db", true],
  ["POSTGRES://vouch:hunter2@", true],
  ["postgres://vouch@db:5432/db", false],
  ["postgres://db:5432/db", false],
  ["postgres:///db?host=/run&user=vouch", false],
  ["postgres:///db?host=/run&user=vouch&password=hunter2", true],
  ["postgres://vouch@db/db?passfile=x", true],
  ["sqlite:a:b@c", false],
])("%s has a password: %p", (url, has) => {
  expect(hasPassword(url)).toBe(has);
});

test.each([
  ["postgres://vouch:hunter2@db.example.com/db", "postgres://vouch@db.example.com/db"],
  ["postgres://vouch@db.example.com/db?password=hunter2", "postgres://vouch@db.example.com/db"],
  ["postgres://vouch@db/db?sslmode=verify-full&passfile=hunter2", "postgres://vouch@db/db?sslmode=verify-full"],
  ["postgres://vouch@db/db#hunter2", "postgres://vouch@db/db"],
  ["postgres:///db?host=/run/postgresql&user=vouch", "postgres:///db?host=/run/postgresql&user=vouch"],
])("%s is shown without its password", (url, shown) => {
  expect(postgresName(url)).toBe(shown);
});

test.each([
  "postgres://vouch:12/hunter2@db/db",
  "postgres://vouch:12?hunter2@db/db",
  "postgres://vouch:12#hunter2@db/db",
])("%s is not shown at all: its password ends at a raw character", (url) => {
  expect(() => postgresName(url)).toThrow("expected a user and a database");
});
