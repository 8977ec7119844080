import { z } from "zod";
import { definePageRoute } from "../surface.ts";
import { findVisit, linkParams, pageQuery, showDeadLink, showPage } from "./visit.ts";

/** The address of `List-Unsubscribe`, followed by a person or by a program that looks into links. */
export default definePageRoute({
  method: "GET",
  path: "/p/:token/one-click/",
  summary: "Show a person's preference page at the address that takes one click",
  params: linkParams,
  query: pageQuery,
  reply: { status: 200, body: z.string(), content_type: "text/html", description: "The page." },
  async handle(context) {
    const home = `../${context.params.token}`;
    const visit = await findVisit(context);
    return visit === null ? showDeadLink(context, { home }) : showPage(context, visit, { home });
  },
});
