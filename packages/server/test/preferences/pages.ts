import { seedVendors } from "../../src/delivery/vendor-table.ts";
import { categoryDocumentSchema } from "../../src/preferences/category-document.ts";
import { createSecretBox } from "../../src/workspaces/crypto.ts";
import type { Hub } from "../hub.ts";
import { SECRET_KEY } from "../harness.ts";
import type { PreferenceBench } from "./desk.ts";

/* A workspace with categories of every kind, vendors for all channels, and how their pages are read and changed. */

export const DOCUMENT = categoryDocumentSchema.parse({
  root_categories: [
    {
      root_category: "promotional",
      sections: [
        {
          name: "Product Updates",
          description: "What is new",
          tags: ["product"],
          categories: [
            {
              category: "newsletter",
              name: "Newsletter",
              description: "Once a month",
              default_preference: "opt_in",
              tags: ["mail"],
            },
            { category: "beta", name: "Beta", default_preference: "opt_out" },
          ],
        },
        { categories: [{ category: "loose", name: "Loose", default_preference: "opt_in" }] },
      ],
    },
    {
      root_category: "system",
      sections: [
        {
          name: "Security",
          categories: [
            {
              category: "alerts",
              name: "Alerts",
              default_preference: "cant_unsubscribe",
              default_mandatory_channels: ["email"],
              default_opt_in_channels: ["inbox"],
            },
          ],
        },
      ],
    },
    {
      root_category: "transactional",
      sections: [
        {
          name: "Reports",
          categories: [
            {
              category: "summary",
              name: "Summary",
              default_preference: "opt_in",
              default_opt_in_channels: ["email"],
              digest_schedule: {
                options: [
                  {
                    label: "Daily",
                    frequency: "daily",
                    is_default: true,
                    time: { edit_policy: "editable", default_value: "09:00" },
                  },
                  {
                    label: "Weekly",
                    frequency: "weekly",
                    time: { edit_policy: "locked", default_value: "10:00" },
                    weekdays: { edit_policy: "editable", default_value: ["mo"] },
                  },
                ],
              },
              properties: [
                { key: "threshold", label: "Threshold", value_type: "integer", default_value: 10 },
                {
                  key: "region",
                  label: "Region",
                  value_type: "string",
                  default_value: "eu",
                  edit_policy: "locked",
                },
              ],
            },
          ],
        },
      ],
    },
  ],
});

/** The channels for which the workspace has a vendor. */
export const CHANNELS = [
  "androidpush",
  "email",
  "inbox",
  "iospush",
  "ms_teams",
  "slack",
  "sms",
  "webpush",
  "whatsapp",
];

export interface CategoryView {
  category: string;
  name: string;
  preference: string;
  original_preference: string | null;
  is_editable: boolean;
  channels: { channel: string; preference: string; is_editable: boolean }[];
  [more: string]: unknown;
}
export interface PageView {
  sections: { name: string | null; slug: string | null; subcategories: CategoryView[] }[];
  channel_preferences: { channel: string; is_restricted: boolean }[];
}

export async function furnishPages(hub: Hub, desk: PreferenceBench): Promise<void> {
  await seedVendors(desk.db, hub.workspace_id, createSecretBox(SECRET_KEY), hub.services.ids);
  await desk.save(DOCUMENT, { message: "test" });
}

/** The preferences of the user Ann. */
export const USER = "/v1/user/ann/preference/";

export const notFound = (message: string) => ({ status: 404, json: { code: 404, message } });
export const refused = (detail: Record<string, unknown>) => ({
  status: 400,
  json: { code: 400, message: JSON.stringify(detail), detail },
});

export const page = async (hub: Hub, query = "", path = USER) =>
  (await hub.call("GET", `${path}${query}`)).json as PageView;
export const categoriesOf = ({ sections }: PageView) =>
  sections.flatMap(({ subcategories }) => subcategories);
export const find = (view: PageView, slug: string) =>
  categoriesOf(view).find(({ category }) => category === slug);
export const on = (view: CategoryView | undefined) =>
  view?.channels.flatMap(({ channel, preference }) => (preference === "opt_in" ? [channel] : []));
export const choose = (hub: Hub, slug: string, body: unknown, query = "", path = USER) =>
  hub.call("PATCH", `${path}category/${slug}/${query}`, body);
export const restrict = (hub: Hub, channels: Record<string, boolean>, query = "", path = USER) =>
  hub.call("PATCH", `${path}channel_preference/${query}`, {
    channel_preferences: Object.entries(channels).map(([channel, is_restricted]) => ({
      channel,
      is_restricted,
    })),
  });
