/** A person whom the command line made, on a server with single sign-on. */

/** Warns that the provider's account of this address does not become theirs; "" without an `issuer`. */
export function notLinkedWarning(email: string, issuer: string | undefined): string {
  if (issuer === undefined) return "";
  return `warning: ${email} was not known here before. A sign-on at ${issuer} with this address is refused now, because
it never takes over a person who is here already. Let it: \`vouch server users link ${email} --subject SUB\`, with their
\`sub\` there. (Who signs on there first is made by it, and needs no link.)`;
}
