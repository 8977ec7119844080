import type { JsonObject } from "../../src/core/json.ts";
import type { CorpusCase } from "./case.ts";

const inbox = (name: string, content: JsonObject, data: JsonObject = {}): CorpusCase => ({
  channel: "inbox",
  name,
  content,
  data,
});

export const inboxCases: CorpusCase[] = [
  inbox(
    "mention",
    {
      header: "{{$actor.name}} mentioned you",
      body: "> {{quote}}\n\nin **{{document.title}}**",
      action_url: "{{document.url}}",
      avatar: { image_url: "{{$brand.logo}}", url: "https://acme.example/u/{{$actor.distinct_id}}" },
      tags: ["mentions", "{{document.kind}}"],
    },
    {
      quote: "What about <this>?",
      document: { title: "Roadmap & plan", url: "https://acme.example/d/1?c=2&x=1", kind: "doc" },
    },
  ),
  inbox(
    "approval",
    {
      header: "Approve {{amount}}?",
      body: "{{$actor.name}} asks for {{amount}} for *{{purpose}}*.",
      buttons: [
        { text: "Approve", url: "https://acme.example/approve/{{id}}", open_in_new_tab: false },
        { text: "Look", url: "https://acme.example/requests/{{id}}", open_in_new_tab: true },
      ],
      importance: "high",
      is_pinned: true,
    },
    { amount: "EUR 400", purpose: "chairs", id: 17 },
  ),
  inbox("flash-sale", {
    body: "Ends soon",
    image_url: "https://acme.example/sale.png",
    is_expiry_enabled: true,
    expiry: { format: "relative", expiry_type: "fixed", value: "1d6h", is_expiry_visible: true },
  }),
  inbox(
    "auction",
    {
      body: "The auction of {{item}} ends",
      is_expiry_enabled: true,
      expiry: { format: "absolute", expiry_type: "dynamic", value: "{{ends_at}}", is_expiry_visible: true },
      subtext: { text: "Bid now", url: "{{url}}" },
    },
    { item: "a <vase>", ends_at: "2026-03-02T18:00:00Z", url: "https://acme.example/a/5" },
  ),
  inbox(
    "batched",
    {
      header: "{{$batched_events_count}} new comments",
      body: '{{join (unique $batched_events "author")}} commented{{#compare $batched_events_count ">" 2}} and more{{/compare}}',
      extra_data: '{"ids": {{jsonStringify (list-agg $batched_events "id")}} }',
    },
    {
      $batched_events: [
        { id: 1, author: "Bo" },
        { id: 2, author: "Cy" },
        { id: 3, author: "Bo" },
      ],
      $batched_events_count: 3,
    },
  ),
  {
    ...inbox("translated", {
      header: '{{t "orders:delivered"}}',
      body: '{{t "greeting" name=$recipient.name}}',
    }),
    locale: "es",
  },
  inbox("optional-parts", {
    body: "Hello",
    subtext: { text: '{{default hint ""}}', url: "https://acme.example/hint" },
    buttons: [{ text: '{{default label ""}}', url: "https://acme.example/x" }],
    tags: ['{{default tag ""}}', " a ", "a"],
    avatar: { image_url: '{{default picture ""}}', url: "" },
  }),
];
