/** How the person in front of the machine is asked for what a security key needs. */
import type { KeySelectionOptions } from "../../fido/hid/key-selection.ts";
import type { CeremonyUi } from "../../fido/webauthn/ceremony-ui.ts";

export interface Asker extends AsyncDisposable {
  /** Aborted when the person cancels what is waited for. */
  readonly cancelled: AbortSignal;
  /** What is said while a key is looked for. */
  readonly selection: KeySelectionOptions;
  /** The prompts of a ceremony with the key of that product name. */
  prompts(product: string): CeremonyUi;
  /** Says what the person shall do now. */
  announce(...lines: string[]): void;
}
