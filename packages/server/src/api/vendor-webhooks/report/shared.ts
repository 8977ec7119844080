import { z } from "zod";
import { defineReportRoute } from "../surface.ts";
import { reception } from "./receive-report.ts";

/** An address that existing installations have entered at their vendors. */
export default defineReportRoute({
  method: "POST",
  path: "/webhook/:vendor/",
  summary: "Report what became of messages, to the address that moved installations have",
  params: z.object({ vendor: z.string() }),
  ...reception,
});
