/** All that stands around the code under test while it reads an input. */
import { AllocationLimit } from "./allocation-limit.ts";
import { UnhandledRejections } from "./unhandled-rejections.ts";
import { VirtualTime } from "./virtual-time.ts";

export class Surroundings implements Disposable {
  readonly time = new VirtualTime();
  readonly allocation = new AllocationLimit();
  readonly rejections = new UnhandledRejections();

  [Symbol.dispose](): void {
    this.rejections[Symbol.dispose]();
    this.allocation[Symbol.dispose]();
    this.time[Symbol.dispose]();
  }
}
