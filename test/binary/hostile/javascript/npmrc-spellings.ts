/** Forms in which an `.npmrc` can hide a key from a reader that is not npm's. */

export interface Spelling {
  /** The authority of whoever wants the token, PEM, and the proxy that ends TLS with it. */
  ca: string;
  proxy: string;
  /** Host and path of the registry. */
  endpoint: string;
}

/** Each leaks where the key is not seen and npm or pnpm reads it. */
export const npmrcSpellings: [what: string, npmrc: (names: Spelling) => string][] = [
  ["a byte order mark", ({ ca, proxy }) => `\uFEFFca=${quoted(ca)}\nhttps-proxy=${proxy}\n`],
  ["CRLF", ({ ca, proxy }) => `ca=${quoted(ca)}\r\nhttps-proxy=${proxy}\r\n`],
  ["CR alone", ({ ca, proxy }) => `ca=${quoted(ca)}\rhttps-proxy=${proxy}\r`],
  ["a list", ({ ca, proxy }) => `ca[]=${quoted(ca)}\nhttps-proxy=${proxy}\n`],
  ["quoted keys", ({ ca, proxy }) => `"ca"=${quoted(ca)}\n'https-proxy'=${proxy}\n`],
  [
    "keys with escapes",
    ({ ca, proxy }) => `"\\u0063a"=${quoted(ca)}\n"https\\u002dproxy"=${proxy}\n"strict\\u002dssl"=false\n`,
  ],
  ["a quoted list", ({ ca, proxy }) => `"ca[]"=${quoted(ca)}\nhttps-proxy=${proxy}\n`],
  ["a key with a variable", ({ ca, proxy }) => `\${NOTHING?}ca=${quoted(ca)}\nhttps-proxy=${proxy}\n`],
  ["blanks and comments", ({ ca, proxy }) => `; x\n\t ca \t= ${quoted(ca)} ; x\n  https-proxy = ${proxy} # x\n`],
  ["an address by a default of a variable", ({ endpoint }) => `registry=\${NOTHING:-http://${endpoint}}\n`],
  ["an address by variables", ({ endpoint }) => `registry=\${NOTHING?}http\${NOTHING?}://${endpoint}\n`],
  ["an address in quotes with escapes", ({ endpoint }) => `registry="\\u0068ttp:\\u002f/${endpoint}"\n`],
  ["a key of the address with escapes", ({ endpoint }) => `"\\u0072egistry"=http://${endpoint}\n`],
  ["a section", ({ ca, proxy }) => `[x]\nca=${quoted(ca)}\n[]\nca=${quoted(ca)}\nhttps-proxy=${proxy}\n`],
  ["upper case", ({ ca, proxy }) => `CA=${quoted(ca)}\nHTTPS-PROXY=${proxy}\nSTRICT_SSL=false\nstrict_ssl=false\n`],
];

const quoted = (pem: string) => `"${pem.trim().replaceAll("\n", "\\n")}"`;
