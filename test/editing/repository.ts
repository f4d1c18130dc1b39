/** The repository that the tests of edits set up. */

/** Its id in the marks of its blocks. */
export const id = "my-domain/my-repo 123456789012 us-east-1";

/** The first line of its blocks. */
export const start = `# >>> vouch ${id} (undo: vouch setup codeartifact --remove --domain my-domain --domain-owner 123456789012 --region us-east-1 --repository my-repo)`;

/** The address of its endpoint of a format. */
export const endpointOf = (format: string): string =>
  `https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/${format}/my-repo/`;
