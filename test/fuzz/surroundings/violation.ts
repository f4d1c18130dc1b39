/** What an input must never bring about: the fuzzer's finding, whatever the code under test made of it. */
export class Violation extends Error {
  override readonly name = "Violation";
}
