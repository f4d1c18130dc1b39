/** Somebody who administers over the API. */
import { administer } from "../../../src/fido/webauthn/deed.ts";
import { type AdminChange, partsOf } from "../../../src/server/administration/change.ts";
import type { Role } from "../../../src/server/store/people/roles.ts";
import { newPerson, type Person } from "../person.ts";
import { type Answer, origin, type TestServer } from "../test-server.ts";

/** Somebody new with this role. */
export async function newHolder(server: TestServer, role: Role): Promise<Person & { id: string }> {
  const person = await newPerson(server);
  const { id } = (await server.store.accounts.findUser(person.email))!;
  await server.store.roles.setRole(id, role);
  return { ...person, id };
}

/** The whole change, with a touch for `touched`, which is the change itself unless said otherwise. */
export async function change(
  server: TestServer,
  person: Person,
  asked: AdminChange,
  touched: AdminChange = asked,
): Promise<Answer> {
  const begun = await server.inSession(person, "POST", "/v1/admin/changes/options", { change: asked });
  if (begun.status !== 200) return begun;
  const { ceremony, approval: request } = begun.body;
  const approval = person.key.authenticate(request, origin, person.twist, administer(partsOf(touched)));
  return await server.inSession(person, "POST", "/v1/admin/changes", { ceremony, approval, change: asked });
}
