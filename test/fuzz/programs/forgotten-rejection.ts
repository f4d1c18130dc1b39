/** Runs the fuzzer over code that forgets a rejection, and prints what it finds: a test of it would itself fail of it. */
import { campaign } from "../campaign.ts";
import { Surroundings } from "../surroundings/surroundings.ts";
import type { Target } from "../target.ts";

const target: Target = {
  name: "forgetful",
  reads: "",
  share: 1,
  input: () => [],
  run: async () => {
    void Promise.reject(new Error("forgotten"));
    await Promise.resolve();
  },
};
const plan = { seed: 1, runs: 5, seconds: 60, first: 0 };
const { finding } = await campaign([target], plan, new Surroundings(), { at: () => {}, stopped: () => false });
console.log(`${finding?.target} ${finding?.run}: ${String(finding?.error)}`);
