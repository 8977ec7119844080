import { z } from "zod";
import { listTemplateGroups, templateGroupReply } from "../../../authoring/templates/template-group-view.ts";
import { CHANNELS } from "../../../core/channel.ts";
import { defineRoute } from "../../../http/route.ts";
import { commaFilter, flagFilter, oneOf } from "../../filter-values.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";

const CHANNEL_NAMES: readonly string[] = CHANNELS;

export default defineRoute({
  method: "GET",
  path: "/v1/template/",
  summary: "List templates as the older API has them, the last edited first",
  query: z.object({
    has_tag_ids_any: commaFilter,
    has_channels_any: commaFilter.refine(
      (given) => given?.every((name) => CHANNEL_NAMES.includes(name)) ?? true,
      { error: oneOf(CHANNELS) },
    ),
    is_active: flagFilter,
    is_archived: flagFilter,
    ...pagingQuery(10),
  }),
  reply: {
    status: 200,
    body: pageOf(templateGroupReply),
    description: "Archived ones only where asked for.",
  },
  errors: ["invalid_request_error"],
  async handle({ query, auth, db }) {
    const source = { db, workspace_id: auth.workspace.workspace_id };
    const filter = {
      tag_ids: query.has_tag_ids_any,
      channels: query.has_channels_any,
      is_active: query.is_active,
      is_archived: query.is_archived ?? false,
    };
    const { count, groups } = await listTemplateGroups(source, filter, query);
    return toPage(groups, count, query);
  },
});
