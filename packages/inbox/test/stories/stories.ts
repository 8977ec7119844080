import type { Look } from "../../src/ui/look.tsx";
import { arabic, item, long, many, ordinary, preferences } from "./items.ts";
import type { StoryOptions } from "./story-inbox.ts";

export interface Story {
  inbox: StoryOptions;
  look?: Look;
  /** What is shown. Default `inbox`: the bell, its panel and toasts. */
  shows?: "inbox" | "feed" | "preferences" | "item";
}

export const HOSTILE = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script><svg onload="window.pwned=1">`;
const SCRIPT_URLS = [
  "javascript:window.pwned=1",
  " javascript:window.pwned=1",
  "JaVaScRiPt:window.pwned=1",
  "java\nscript:window.pwned=1",
  "data:text/html,<script>window.pwned=1</script>",
  "vbscript:window.pwned=1",
];

const TABS = [
  { id: "all", label: "All" },
  { id: "unread", label: "Unread", query: { read: false } },
  { id: "archive", label: "Archive", query: { archived: true } },
];

/** What the components are shown with; each is looked at, driven and checked in every build. */
export const STORIES = {
  ordinary: () => ({ inbox: { items: ordinary(), stores: TABS } }),
  grouped: () => ({ inbox: { items: ordinary() }, look: { groupBy: "day" } }),
  long: () => ({ inbox: { items: long() } }),
  many: () => ({ inbox: { items: many(10_000) } }),
  some: () => ({ inbox: { items: many(6), stores: TABS } }),
  empty: () => ({ inbox: { items: [] } }),
  loading: () => ({ inbox: { status: "loading" } }),
  error: () => ({ inbox: { status: "error" } }),
  offline: () => ({ inbox: { items: ordinary(), connection: "offline" } }),
  refused: () => ({ inbox: { items: many(3), answer: "refused" } }),
  arabic: () => ({ inbox: { items: arabic() }, look: { locale: "ar", groupBy: "day" } }),
  german: () => ({ inbox: { items: ordinary(), stores: TABS }, look: { locale: "de-AT", groupBy: "day" } }),
  toasts: () => ({
    inbox: {
      items: many(3),
      toasts: [...ordinary().slice(1, 3), item({ message: { text: "A **short** text without a header." } })],
    },
  }),
  feed: () => ({ inbox: { items: ordinary() }, shows: "feed" }),
  item: () => ({ inbox: { items: ordinary() }, shows: "item" }),
  preferences: () => ({ inbox: { preferences: preferences() }, shows: "preferences" }),
  noPreferences: () => ({ inbox: { preferences: { status: "ready" } }, shows: "preferences" }),
  hostile: () => ({
    inbox: {
      stores: [
        { id: "all", label: HOSTILE },
        { id: "other", label: "Other" },
      ],
      items: SCRIPT_URLS.map((url, index) =>
        item({
          n_id: index === 0 ? HOSTILE : `hostile-${index}`,
          n_category: HOSTILE,
          tags: [HOSTILE],
          tenant_id: HOSTILE,
          collapse_key: index === 1 ? HOSTILE : null,
          message: {
            header: HOSTILE,
            text: `${HOSTILE}\n\n[link](${url}) <${url}> ![image](${url}) **${HOSTILE}**`,
            url,
            avatar: { avatar_url: url, action_url: url },
            actions: [{ name: HOSTILE, url }],
            subtext: { text: HOSTILE, action_url: url },
            extra_data: HOSTILE,
          },
        }),
      ),
      preferences: {
        sections: [
          {
            name: HOSTILE,
            description: HOSTILE,
            subcategories: [
              {
                name: HOSTILE,
                category: HOSTILE,
                description: HOSTILE,
                preference: "opt_in",
                is_editable: true,
                channels: [{ channel: HOSTILE, preference: "opt_in", is_editable: true }],
              },
            ],
          },
        ],
      },
      toasts: [item({ message: { header: HOSTILE, text: HOSTILE, url: SCRIPT_URLS[0] ?? "" } })],
    },
    look: { groupBy: "category" },
  }),
} satisfies Record<string, () => Story>;

export type StoryName = keyof typeof STORIES;
