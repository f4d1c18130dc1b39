/** Where the documentation is: a machine with the program does not have it. */

const pages = "https://github.com/example-org/vouch/blob/main/docs/";

/** The URL of a page of docs, by its file's name. */
export function documentationUrl(page: string): string {
  return `${pages}${page}`;
}
