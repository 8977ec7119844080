import { defineSimulator } from "../../delivery/simulator.ts";

export default defineSimulator("ms_teams");
