/** decodeURIComponent; the text as it is where it has a `%` that encodes nothing. */
export function decodedUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
