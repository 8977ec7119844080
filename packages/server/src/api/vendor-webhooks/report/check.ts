import { z } from "zod";
import { defineReportRoute } from "../surface.ts";
import { reception } from "./receive-report.ts";

/** How some vendors check an address before they use it. */
export default defineReportRoute({
  method: "GET",
  path: "/webhook/:vendor/:channel/:uid/",
  summary: "Answer a vendor's check of the address",
  params: z.object({
    vendor: z.string(),
    channel: z.string(),
    uid: z.string().describe("The part of the address that nobody can guess."),
  }),
  ...reception,
});
