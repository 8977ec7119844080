import { defineSimulator } from "../../delivery/vendor/simulator.ts";

export default defineSimulator("androidpush");
