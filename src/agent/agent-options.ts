/** What an agent is given by the process that runs it, or by a test in its place. */
import type { Clock } from "../base/clock.ts";
import type { Environment } from "../base/environment.ts";
import type { Notification } from "../base/system/notification.ts";
import type { ListKeys } from "./end-on/plugged-in.ts";
import type { RecordOptions } from "./record/record.ts";
import type { EndedSession } from "./session/sessions.ts";
import type { GivenOutState } from "./tokens/given-out.ts";
import type { SettingsFile } from "./tokens/settings-file.ts";
import type { TokenLimits } from "./tokens/tokens.ts";

export interface AgentOptions extends RecordOptions {
  clock?: Clock;
  settings?: SettingsFile;
  /** Environment: endpoints, proxies and private certificate authorities, under the names of AWS tools. */
  env?: Environment;
  /** The limits on the chain of calls behind one token. */
  tokenLimits?: TokenLimits | undefined;
  /** Receives one line for the log; by default it goes to stderr. */
  log?: (message: string) => void;
  /** Shows a notification on the desktop. */
  notify?: (notification: Notification) => void;
  /** Lists the security keys that are plugged in, where the system has no files for them. */
  listKeys?: ListKeys | undefined;
  /** Called when the last session has ended. */
  onEnd?: () => void;
  /** Called when a stop or a restart is requested, before the answer. */
  onStop?: () => void;
  onRestart?: () => void;
  /** Why the previous sessions ended, before this agent's process was replaced. */
  ended?: readonly EndedSession[];
  /** Which tokens it had given out. */
  given?: GivenOutState | undefined;
}
