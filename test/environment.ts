/**
 * The environment of a run of tests: `home` as home folder, so that a test that forgets to set one finds nothing of the
 * developer's and leaves nothing there; none of the variables by which npm tells its scripts of itself; and no proxy
 * before the services on this machine.
 */
export function testEnvironment(home: string): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const noProxy = "127.0.0.1,localhost";
  return { ...Object.fromEntries(own), HOME: home, NO_PROXY: noProxy, no_proxy: noProxy };
}
