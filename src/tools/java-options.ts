/**
 * What a project may say to Java on a package manager's behalf. Options are let through by name alone: any other may
 * name a file of more options (`-XX:VMOptionsFile`, `-XX:Flags`, `@file`), an agent, or what is run. The two patterns are
 * also those of Gradle's init script, and stay in what JavaScript and Java have in common.
 * https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html
 */

/** Options of Java that say nothing about the network, trust, files or logs. */
export const harmlessJavaOption = new RegExp(
  "^(?:-X(?:m[sxn]|ss)[0-9]+[kmgtKMGT]?" +
    "|-XX:[+-](?!Record|Flight|Print|Log|Show|Trace|UnlockDiagnostic|HeapDump(?!OnOutOfMemoryError$)|\\w*File)\\w+" +
    "|-XX:\\w*(?:Size|Percentage|Percent|Level|Threads|Count|Ratio|RAM|Millis|PerMB|Limit|Interval|Threshold|Factor)=[0-9][\\w.]*" +
    "|-ea|-enableassertions|-esa|-da|-server|-client|-noverify|-Xshare:(?:auto|on|off)|-Xverify:none|-Xint|-Xbatch" +
    "|--(?:add-opens|add-exports|add-reads|enable-native-access|sun-misc-unsafe-memory-access)(?:=\\S+)?" +
    "|[\\w./]+=ALL-UNNAMED)$",
);

/** Names of system properties by which Java's programs choose whom they talk to, whom they trust, and what they load. */
export const harmfulJavaProperty = new RegExp(
  "^(?!java\\.net\\.preferIPv[46](?:Stack|Addresses)$|jdk\\.xml\\.)(?:" +
    "(?:https?|ftp|socks|all|no)[._-]?(?:proxy|nonproxy)" +
    "|https\\." +
    "|(?:javax\\.(?:net|naming|management)|jdk|sun|com\\.sun|com\\.ibm|ssl|tls|security|networkaddress)\\." +
    "|java\\.(?:net|security|home|protocol|content|naming|rmi|system|library|ext|endorsed|class|vendor|util\\.prefs)\\b" +
    "|user\\.(?:home|dir|name)$" +
    "|.*(?:truststore|keystore|proxyhost|proxyport|insecure|securitymode))",
  "i",
);

/** Whether an option, without quotes, may lead Java elsewhere. */
export function isHarmfulJavaOption(option: string): boolean {
  const name = /^-D([^=]*)/.exec(option)?.[1];
  return name === undefined ? !harmlessJavaOption.test(option) : harmfulJavaProperty.test(name);
}
