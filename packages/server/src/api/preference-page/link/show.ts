import { z } from "zod";
import { parseAction } from "../../../preferences/hosted/actions.ts";
import { definePageRoute } from "../surface.ts";
import { findVisit, linkParams, pageQuery, showDeadLink, showPage } from "./visit.ts";

/** Changes nothing: programs look into links before people do. */
export default definePageRoute({
  method: "GET",
  path: "/p/:token/",
  summary: "Show a person's preference page",
  params: linkParams,
  query: pageQuery,
  reply: {
    status: 200,
    body: z.string(),
    content_type: "text/html",
    description: "The page. A link that is wrong or has expired has 404, and a page that says so.",
  },
  async handle(context) {
    const visit = await findVisit(context);
    if (visit === null) return showDeadLink(context);
    return showPage(context, visit, { done: parseAction(context.query.undo) });
  },
});
