/**
 * `npm run chaos [-- messages [seed]]`: 10,000 messages through three vendors that fail in every way, over workers that
 * are killed; prints what was counted.
 */
import { tool } from "./run-steps.ts";

const [messages = "10000", seed = "1"] = process.argv.slice(2);
if (!/^[1-9]\d{0,5}$/.test(messages) || !/^\d{1,6}$/.test(seed)) {
  console.error("usage: npm run chaos -- [messages [seed]]; both are numbers of at most six digits");
  process.exit(2);
}
process.env.CHAOS_MESSAGES = messages;
process.env.CHAOS_SEED = seed;
process.exit(await tool("vitest", ["run", "failing-vendors"]));
