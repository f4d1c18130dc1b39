/** Warns who has just taken away the last administrator who could log in: on the server's machine that is allowed. */
export const nobodyLeft =
  "No administrator can log in any more, at the pages or over the API. Name another: vouch server admin add EMAIL";
