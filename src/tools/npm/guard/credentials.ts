/** Settings for one address in `.npmrc` files, `//HOST/PATH/:NAME`: credentials, and what decides about the connection. */
import { isHostOf } from "./addresses.ts";

const credentialNames = /^(_authToken|_auth|_password|username|email|always-auth|tokenHelper)$/;

/** `//our-host/…:certfile` and similar. Credentials there are ours or nobody's: see `isStronger`. */
export function isTrustOfHost(key: string, hosts: string[]): boolean {
  const { url, name } = partsOf(key) ?? {};
  return url !== undefined && !credentialNames.test(name!) && isHostOf(url, hosts);
}

/**
 * Whether the key sets a credential for one of these addresses (`HOST/PATH/`) or for a part of it, before which a tool takes
 * none for the address in a file of less weight.
 */
export function isStronger(key: string, addresses: readonly string[]): boolean {
  const { url, name } = partsOf(key) ?? {};
  if (url === undefined || !/^(_authToken|_auth|_password|username|tokenHelper)$/.test(name!)) return false;
  const path = `${url.host}${url.pathname.replace(/\/?$/, "/")}`;
  return addresses.some((address) => path.startsWith(address));
}

function partsOf(key: string): { url: URL; name: string } | undefined {
  const [, address, name] = /^\/\/(.*):([^:]*)$/s.exec(key) ?? [];
  const url = address === undefined ? null : URL.parse(`https://${address}`);
  return url === null ? undefined : { url, name: name! };
}
