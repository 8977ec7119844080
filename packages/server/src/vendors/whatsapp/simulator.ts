import { defineSimulator } from "../../delivery/simulator.ts";

export default defineSimulator("whatsapp");
