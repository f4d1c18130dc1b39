/** A desktop notification while a security key waits for a touch: the terminal may be behind another window. */
import { showNotification } from "../../base/system/notification.ts";
import { loadSettings } from "../../settings/settings.ts";

/** Who looks at the terminal has touched the key by then. Milliseconds. */
const delayMs = 2_000;

export interface TouchNotification {
  /** The key waits for a touch from now on; `name` is the key's. */
  awaited(name: string): void;
  /** It no longer does. */
  over(): void;
}

/** `asks` says who asks for the touch, where that is not the person's own command. */
export function touchNotification(asks: string | undefined): TouchNotification {
  let timer: NodeJS.Timeout | undefined;
  let shown: Promise<() => void> | undefined;
  return {
    awaited(name) {
      if (timer !== undefined || !isWanted()) return;
      const body = asks ?? `${name} waits for it.`;
      timer = setTimeout(() => {
        shown = showNotification({ summary: "Touch your security key", body });
      }, delayMs);
    },
    over() {
      clearTimeout(timer);
      timer = undefined;
      void shown?.then((withdraw) => withdraw());
      shown = undefined;
    },
  };
}

function isWanted(): boolean {
  try {
    return loadSettings().notifications?.touch !== false;
  } catch {
    // The command itself reports settings that cannot be read.
    return false;
  }
}
