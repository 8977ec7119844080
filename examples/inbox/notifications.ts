/**
 * What the sample app sends: a template and a workflow for each kind of notification, as the management API takes them.
 */
export type Kind = "review" | "comment" | "maintenance" | "reminder";

/** Pictures and links are of the app itself. */
const AVATAR = "{{app}}faces/{{face}}.svg";

const inbox = {
  review: {
    header: "{{who}} asked for your review",
    body: "**{{title}}**, {{files}} files changed",
    action_url: "{{app}}#/pulls/{{id}}",
    avatar: { image_url: AVATAR },
    buttons: [
      { text: "Review", url: "{{app}}#/pulls/{{id}}/review" },
      { text: "Later", url: "{{app}}#/pulls" },
    ],
  },
  comment: {
    header: "{{who}} commented on your note",
    body: "> {{title}}\n\nSee [the whole thread]({{app}}#/notes/{{id}}).",
    action_url: "{{app}}#/notes/{{id}}",
    avatar: { image_url: AVATAR },
    subtext: { text: "Note {{id}}", url: "{{app}}#/notes/{{id}}" },
  },
  maintenance: {
    header: "Maintenance on Sunday",
    body: "Deployments are paused from **02:00** to **04:00 UTC**. Nothing for you to do.",
    action_url: "{{app}}#/status",
    is_pinned: true,
  },
  reminder: {
    header: "You asked to be reminded",
    body: "Five seconds ago. The workflow waited in the database, so a restart would not have lost it.",
    action_url: "{{app}}#/reminders",
  },
} satisfies Record<Kind, object>;

const NAMES: Record<Kind, string> = {
  review: "Review requested",
  comment: "Comment added",
  maintenance: "Maintenance planned",
  reminder: "Reminder",
};

const kinds = Object.keys(inbox) as Kind[];

/** The slug of a kind's template and of its workflow. */
export const slugOf = (kind: Kind) => `sample-${kind}`;

export const templates = Object.fromEntries(
  kinds.map((kind) => [
    slugOf(kind),
    { name: NAMES[kind], enabled_channels: ["inbox"], content: { inbox: inbox[kind] } },
  ]),
);

export const workflows = kinds.map((kind) => {
  const send = {
    node_type: "send_inbox",
    name: "Inbox",
    ref: "inbox",
    properties: { template: slugOf(kind) },
  };
  const wait = {
    node_type: "delay",
    name: "Five seconds",
    ref: "wait",
    properties: { delay_type: "fixed", value: "5s" },
  };
  return {
    slug: slugOf(kind),
    definition: {
      name: NAMES[kind],
      category: "transactional",
      trigger_type: "api",
      tree: { nodes: kind === "reminder" ? [wait, send] : [send] },
    },
  };
});

const PEOPLE = [
  { who: "Grace Hopper", face: "grace" },
  { who: "Alan Turing", face: "alan" },
  { who: "Katherine Johnson", face: "katherine" },
];
const TITLES = [
  "Retry webhooks with backoff",
  "Fold the loop in step 4 into one table",
  "The numbers of November",
  "A shorter name for the queue",
];

/** What a notification of any kind is about, made up anew each time. */
export function madeUp(app: string): Record<string, string | number> {
  const pick = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T;
  const id = 100 + Math.floor(Math.random() * 900);
  return { app, id, files: 1 + (id % 12), title: pick(TITLES), ...pick(PEOPLE) };
}
