import { z } from "zod";
import { defineReportRoute } from "../surface.ts";
import { reception } from "./receive-report.ts";

/** The address that a vendor's settings show. */
export default defineReportRoute({
  method: "POST",
  path: "/webhook/:vendor/:channel/:uid/",
  summary: "Report what became of messages",
  params: z.object({
    vendor: z.string(),
    channel: z.string(),
    uid: z.string().describe("The part of the address that nobody can guess."),
  }),
  ...reception,
});
