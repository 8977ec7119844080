import { CHANNELS } from "../core/channel.ts";
import { defineSimulator } from "../delivery/vendor/simulator.ts";

/** One for each channel. */
export default CHANNELS.map(defineSimulator);
