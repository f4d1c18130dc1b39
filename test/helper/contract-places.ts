/** Where the agent listens in the table of cases: in its folder, in one that nobody can trust, or nowhere. */
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { askers, type Case, like } from "./contract-cases.ts";

type Place = Pick<Case, "name" | "place" | "foreign" | "mounted" | "taken">;

/** The user `nobody`; only root can be another user. */
const nobody = 65534;
const asRoot: Place[] = [
  { name: "a folder of another user", place: (folder) => chownSync(folder, nobody, nobody) },
  { name: "another user's folder, into which others may write", place: (folder) => mounted(folder, 0o733, 0o755) },
  {
    name: "another user's folder, in one into which others may write",
    place: (folder) => mounted(folder, 0o711, 0o777),
  },
  { name: "another user's folder, in a sticky one", place: (folder) => mounted(folder, 0o711, 0o1777) },
  {
    name: "another user's folder, in a folder of that user",
    place(folder) {
      const variables = mounted(folder, 0o711, 0o755);
      chownSync(dirname(variables.VOUCH_RUNTIME_DIR), nobody, nobody);
      return variables;
    },
  },
  {
    name: "another user's folder, behind a link",
    place(folder) {
      const { VOUCH_RUNTIME_DIR } = mounted(folder, 0o711, 0o755);
      symlinkSync(".", join(dirname(VOUCH_RUNTIME_DIR), "link"));
      return named(join(dirname(VOUCH_RUNTIME_DIR), "link/run"));
    },
  },
  { name: "a socket of another user", place: (_, socket) => chownSync(socket, nobody, nobody) },
  { name: "another user who listens", foreign: true },
];

const asRootTrusted: Place[] = [
  { name: "another user's folder that is mounted there", mounted: 0o711, taken: true },
  { name: "another user's folder that all can read", mounted: 0o755, taken: true },
];

const named = (path: string) => ({ VOUCH_RUNTIME_DIR: path });

const untrusted: Place[] = [
  { name: "a folder that others can enter", place: (folder) => chmodSync(folder, 0o755) },
  { name: "a folder that the group can read", place: (folder) => chmodSync(folder, 0o740) },
  {
    name: "a link to the folder",
    place(folder) {
      symlinkSync(folder, `${folder}-other`);
      return named(`${folder}-other`);
    },
  },
  {
    name: "a link to the folder, with a dot at its end",
    place(folder) {
      symlinkSync(folder, `${folder}-other`);
      return named(`${folder}-other/.`);
    },
  },
  {
    name: "a link to the socket",
    place(folder, socket) {
      renameSync(socket, join(folder, "real.sock"));
      symlinkSync(join(folder, "real.sock"), socket);
    },
  },
  {
    name: "a file in the socket's place",
    place(_, socket) {
      rmSync(socket);
      writeFileSync(socket, "");
    },
  },
  {
    name: "a folder in the socket's place",
    place(_, socket) {
      rmSync(socket);
      mkdirSync(socket);
    },
  },
  {
    name: "a socket on which nobody listens",
    place(folder, socket) {
      const left = join(folder, "left.sock");
      const listener = Bun.listen({ unix: left, socket: { data() {} } });
      renameSync(left, socket);
      listener.stop();
    },
  },
  { name: "no socket", place: (_, socket) => rmSync(socket) },
  { name: "no folder", place: (folder) => named(join(folder, "missing")) },
  { name: "a file in the folder's place", place: (folder) => named(join(folder, "agent.sock")) },
  { name: "a path that is too long", place: (folder) => named(join(folder, "x".repeat(100))) },
];

/**
 * Gives folder and socket to another user, as they look where they are mounted, and puts them into a folder with that mode.
 * It stands in this test's own, whose parent may be /tmp.
 */
function mounted(folder: string, mode: number, parentMode: number): { VOUCH_RUNTIME_DIR: string } {
  const parent = `${folder}-other`;
  mkdirSync(parent);
  renameSync(folder, join(parent, "run"));
  chownSync(join(parent, "run/agent.sock"), nobody, nobody);
  chownSync(join(parent, "run"), nobody, nobody);
  chmodSync(join(parent, "run"), mode);
  chmodSync(parent, parentMode);
  return named(join(parent, "run"));
}

/** Puts the agent's folder into one that XDG_RUNTIME_DIR names, with this mode and owner. */
function inXdg(mode: number, owner = process.getuid!()): NonNullable<Place["place"]> {
  return (folder) => {
    const xdg = `${folder}-other`;
    mkdirSync(xdg, { mode: 0o700 });
    renameSync(folder, join(xdg, "vouch"));
    chmodSync(xdg, mode);
    if (owner !== process.getuid!()) chownSync(xdg, owner, owner);
    return { VOUCH_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: xdg };
  };
}

const trusted: Place[] = [
  { name: "the folder of XDG_RUNTIME_DIR", place: inXdg(0o700), taken: true },
  {
    name: "a guest's folder",
    place(folder) {
      chmodSync(folder, 0o711);
    },
    taken: true,
  },
  { name: "a slash at the folder's end", place: (folder) => named(`${folder}/`) },
  { name: "slashes and dots at the folder's end", place: (folder) => named(`${folder}//./.`) },
];
/** What is passed over: the next place that is looked at is the user's own, which a test must not ask. */
const passedOver: Place[] = [
  { name: "an XDG_RUNTIME_DIR that others can enter", place: inXdg(0o755) },
  { name: "a relative VOUCH_RUNTIME_DIR", place: () => named("run") },
];
const hasOwn = existsSync(`/run/user/${process.getuid!()}`);

const forAll = (places: Place[]): Case[] =>
  places.flatMap(({ name, ...place }) => askers.map(({ name: asker, ask }) => like(ask, `${asker}: ${name}`, place)));

export const trustedPlaces = forAll([...trusted, ...(process.getuid!() === 0 ? asRootTrusted : [])]);
export const untrustedPlaces = forAll([
  ...untrusted,
  ...(process.getuid!() === 0 ? asRoot : []),
  ...(hasOwn ? [] : passedOver),
]);
