/**
 * Settings by which yarn 1 sends the token of a package's registry somewhere else. A key that ends in `:_authToken` or
 * `:_password`, whatever its value, marks its address as one that needs authentication; yarn 1 then sends what belongs to
 * the package's registry, which it takes from the package's name (requestNeedsAuth and getAuth in its npm-registry.js).
 * `custom-host-suffix` does the same for the whole of the registry's host.
 */

/** Whether the key leads a token of these addresses (HOST/PATH/) to another one. Unlike npm, yarn 1 reads keys literally. */
export function leadsElsewhere(key: string, addresses: readonly string[]): boolean {
  if (/(?:^|:)custom-host-suffix$/i.test(key)) return true;
  const [address = "", name, ...more] = key.split(":");
  // With a port there are more parts, and yarn 1 compares the wrong one.
  if (name !== "_password" && !(name === "_authToken" && more.length === 0)) return false;
  // yarn 1 normalizes addresses (`www.`, `..`, fragments): only one that is written plainly is known to be ours.
  const place = `${address.replace(/^\/\//, "").replace(/\/$/, "")}/`;
  return /\.\.|[^\w./@-]/.test(place) || !addresses.some((own) => place.startsWith(own));
}
