import { z } from "zod";
import { defineReportRoute } from "../surface.ts";
import { reception } from "./receive-report.ts";

/** An address that existing installations have entered at vendors of several channels. */
export default defineReportRoute({
  method: "POST",
  path: "/webhook/:vendor/:channel/",
  summary: "Report what became of messages, to the address that moved installations have for a channel",
  params: z.object({ vendor: z.string(), channel: z.string() }),
  ...reception,
});
