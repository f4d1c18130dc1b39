/**
 * The options that a project may give Maven and its Java by data alone (`.mvn/maven.config`, `.mvn/jvm.config`). Only
 * what is known to say nothing about the network, trust, settings files or logs is let through.
 */

import { isHarmfulJavaOption } from "../../java-options.ts";
import { secretIdPattern } from "../names.ts";
import { harmfulPart } from "./expressions.ts";

/** Maven's options without a value. */
const flags = new Set(
  (
    "-am --also-make -amd --also-make-dependents -B --batch-mode -C --strict-checksums -c --lax-checksums " +
    "-e --errors -fae --fail-at-end -ff --fail-fast -fn --fail-never -itr --ignore-transitive-repositories " +
    "-N --non-recursive -nsu --no-snapshot-updates -ntp --no-transfer-progress -o --offline -q --quiet " +
    "-U --update-snapshots -V --show-version --non-interactive --force-interactive"
  ).split(" "),
);

/** Maven's options with a value. */
const valued =
  /^(?:-T|--threads|-P|--activate-profiles|-pl|--projects|-rf|--resume-from|-b|--builder|--color|-fos|--fail-on-severity)$/;

/** System properties by which a program chooses whom it talks to, whom it trusts, and what it loads. */
const harmful = [
  // Java's own: proxies, TLS, name service.
  /^(?:https?|ftp|socks|all|no)[._-]?(?:proxy|nonproxy)|^https\./i,
  /^(?:java|javax|jdk|sun|com\.sun|com\.ibm|user|env|ssl|tls|security|network|networkaddress)\./i,
  // Maven's: transports, settings files, what is loaded, logs.
  /^(?:aether|org\.apache\.maven|settings|guice|sisu|classworlds|library)\.|^settings$/i,
  /^maven\.(?:wagon|resolver|transport|settings|user|project|installation|repo|ext|conf|home)/i,
  /^maven\.(?:multimoduleprojectdirectory|security|artifact\.repository|logger)/i,
  /^alt(?:release|snapshot)?deploymentrepository$/i,
  /truststore|keystore|proxyhost|proxyport|insecure/i,
];

const harmless =
  /^(?:java\.awt\.headless|java\.net\.preferIPv[46](?:Stack|Addresses)|user\.(?:language|country|timezone)|maven\.repo\.local(?:\.tail)?|aether\.(?:dependencyCollector\.[\w.]+|dependencyManager\.[\w.]+|metadataResolver\.threads|connector\.basic\.(?:\w*[tT]hreads|parallelPut)|syncContext\.named\.(?:factory|nameMapper|retry|time(?:\.unit)?)))$/;

/** Whether a property may say whom Maven talks to, whom it trusts or what it logs, or reads the user's settings. */
export function isHarmfulProperty(name: string, value: string): boolean {
  // Of quotes and backslashes a shell may take some away.
  const bare = value.replaceAll(/["'\\]/g, "");
  if (secretIdPattern.test(bare) || harmfulPart(bare, { canFollow: true }) !== undefined) return true;
  // In which Maven's filters would read what Vouch has read otherwise.
  if (/encoding$/i.test(name)) return !/^(?:utf-?8|us-ascii|iso-?8859-?\d+|windows-125\d|compat|)$/i.test(value);
  if (harmless.test(name)) return false;
  // A debug log names every variable of the environment.
  if (/^org\.slf4j\.|^maven\.logger\./.test(name)) return !/^(?:warn|error|info|off|true|false)$/i.test(value);
  return harmful.some((pattern) => pattern.test(name));
}

/** The first word of Maven's options that a project may not give; undefined without one. */
export function harmfulOption(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const joined = /^(?:-D|--define=)(.*)$/s.exec(word)?.[1];
    const definition = joined === "" || word === "--define" ? words[++at] : joined;
    if (definition !== undefined || joined === "") {
      const [name = "", ...value] = (definition ?? "").split("=");
      if (isHarmfulProperty(name.trim(), value.join("="))) return `-D${name}`;
      continue;
    }
    if (!word.startsWith("-") || flags.has(word) || /^-T[\w.]+$|^-P[\w.,:!?+*-]+$/.test(word)) continue;
    if (valued.test(word)) {
      at++;
      continue;
    }
    if (valued.test(word.split("=", 1)[0]!) && word.startsWith("--")) continue;
    return word;
  }
  return undefined;
}

/** The first option of Java that a project may not give; undefined without one. */
export function harmfulJavaOption(words: readonly string[]): string | undefined {
  return words.find((word) => {
    const [, name, value = ""] = /^-D([^=]+)=?(.*)$/s.exec(word) ?? [];
    return name === undefined ? isHarmfulJavaOption(word) || isDump(word) : isHarmfulProperty(name, value);
  });
}

/** A file with all of the memory, which Maven, unlike Gradle, never writes by itself. */
function isDump(word: string): boolean {
  return /^-XX:[+-]HeapDump/.test(word);
}
