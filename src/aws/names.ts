/** The form of CodeArtifact's and AWS's names (service model 2018-09-22), whole texts. */

/** 2 to 50 characters. */
export const domainPattern = /^[a-z][a-z0-9-]{0,48}[a-z0-9]$/;
export const accountPattern = /^[0-9]{12}$/;
export const repositoryPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/;
/** A region becomes part of a host name: a label of at most 63 characters. */
export const regionPattern = /^(?=.{1,63}$)[a-z]{2,}(-[a-z]+)+-[0-9]+$/;
