import type { JsonObject } from "../../src/core/json.ts";
import type { CorpusCase } from "./case.ts";

/** Slack and Teams. */
const slack = (name: string, content: JsonObject, data: JsonObject = {}): CorpusCase => ({
  channel: "slack",
  name,
  content,
  data,
});

const teams = (name: string, content: JsonObject, data: JsonObject = {}): CorpusCase => ({
  channel: "ms_teams",
  name,
  content,
  data,
});

const incident = {
  id: "INC-7",
  title: 'Disk "full" & slow',
  severity: "high",
  hosts: ["db-1", "db-2"],
  runbook: "https://acme.example/r?x=1&y=2",
};

export const chatCases: CorpusCase[] = [
  slack(
    "text",
    { body_text: "*{{incident.id}}*: {{{incident.title}}} <{{{incident.runbook}}}|runbook>" },
    { incident },
  ),
  slack(
    "text-in-thread",
    { body_text: "Still open: {{incident.id}}" },
    { incident, thread_ts: "1712345678.000100" },
  ),
  slack(
    "blocks-jsonnet",
    {
      body_type: "block",
      templating_language: "jsonnet",
      body_block: `local incident = data.incident;
{
  text: incident.title,
  blocks: [
    { type: "header", text: { type: "plain_text", text: incident.id + " " + incident.title } },
    { type: "section", fields: [{ type: "mrkdwn", text: "*Host*\\n" + host } for host in incident.hosts] },
  ] + (if incident.severity == "high" then [{ type: "divider" }] else []),
}`,
    },
    { incident },
  ),
  slack(
    "blocks-handlebars",
    {
      body_type: "block",
      body_block:
        '{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "{{incident.title}} on {{join incident.hosts}}"}}{{#if incident.runbook}}, {"type": "actions", "elements": [{"type": "button", "url": "{{{incident.runbook}}}", "text": {"type": "plain_text", "text": "Runbook"}}]}{{/if}}]}',
    },
    { incident },
  ),
  slack(
    "blocks-batched",
    {
      body_type: "block",
      body_block:
        '{ blocks: [{ type: "section", text: { type: "mrkdwn", text: "%s: %d comments" % [e.title, e.count] } } for e in data["$batched_events"] if e.count > 0] }',
    },
    {
      $batched_events: [
        { title: "A & B", count: 2 },
        { title: "C", count: 0 },
        { title: "D", count: 1 },
      ],
      $batched_events_count: 3,
    },
  ),
  {
    ...slack(
      "blocks-translated",
      {
        body_type: "block",
        body_block:
          '{ blocks: [{ type: "section", text: { type: "mrkdwn", text: t("cart", { count: data.count }) } }] }',
      },
      { count: 2 },
    ),
    locale: "es",
  },
  slack("blocks-literal", {
    body_type: "block",
    body_block: '{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Deployed"}}]}',
  }),
  teams(
    "text",
    { body_text: "**{{incident.id}}**: {{{incident.title}}} [runbook]({{{incident.runbook}}})" },
    { incident },
  ),
  teams(
    "card-jsonnet",
    {
      body_type: "card",
      templating_language: "jsonnet",
      body_card: `{
  "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
  type: "AdaptiveCard",
  version: "1.4",
  body: [
    { type: "TextBlock", size: "Large", text: data.incident.title },
    { type: "FactSet", facts: [{ title: "Host", value: host } for host in data.incident.hosts] },
  ],
  actions: [{ type: "Action.OpenUrl", title: "Runbook", url: data.incident.runbook }],
}`,
    },
    { incident },
  ),
  teams(
    "card-handlebars",
    {
      body_type: "card",
      body_card:
        '{"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "{{incident.title}}"}{{#each incident.hosts}}, {"type": "TextBlock", "text": "{{this}}"}{{/each}}]}',
    },
    { incident },
  ),
  teams(
    "card-optional",
    {
      body_type: "card",
      body_card:
        '{ type: "AdaptiveCard", body: [{ type: "TextBlock", text: std.get(data, "note", "nothing to say") }, { type: "TextBlock", text: if "eta" in data then "ETA " + data.eta else "no ETA" }] }',
    },
    { eta: 5 },
  ),
  {
    ...teams("card-translated", {
      body_type: "card",
      body_card:
        '{ type: "AdaptiveCard", body: [{ type: "TextBlock", text: t("greeting", { name: data["$recipient"].name }) }] }',
    }),
    locale: "es-MX",
  },
];
