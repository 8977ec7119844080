import type { Channel } from "../../src/core/channel.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { CorpusCase } from "./case.ts";

const push = (channel: Channel, name: string, content: JsonObject, data: JsonObject = {}): CorpusCase => ({
  channel,
  name,
  content,
  data,
});

const order = {
  id: "A-1001",
  eta: "16:00",
  url: "acme://orders/A-1001?from=push&x=1",
  picture: "https://cdn.acme.example/o.png?w=400&h=200",
};
const chat = { from: "Bo <Boss> Li", text: 'It\'s "ready" & waiting', room: "room/7" };
const arriving: JsonObject = {
  header: "Order {{order.id}}",
  body: "Arrives at {{order.eta}}",
  action_url: "{{order.url}}",
  image_url: "{{order.picture}}",
};
const message: JsonObject = { header: "{{{chat.from}}}", body: "{{{chat.text}}}" };
const web = "https://acme.example/orders/A-1001?from=push&x=1";

export const pushCases: CorpusCase[] = [
  push(
    "androidpush",
    "order-arriving",
    {
      ...arriving,
      subtext: "{{$category.name}}",
      group: "orders",
      channel_importance: "HIGH",
      priority: "HIGH",
    },
    { order },
  ),
  push(
    "androidpush",
    "chat-message",
    {
      ...message,
      group: "{{chat.room}}",
      buttons: [{ id: "reply", text: "Reply", url: "acme://chat/{{chat.room}}" }],
    },
    { chat },
  ),
  push(
    "androidpush",
    "silent-sync",
    { header: "sync", body: "sync", is_silent: true, extra_payload: { topic: "{{topic}}", at: "{{at}}" } },
    { topic: "orders", at: 1774742400 },
  ),
  push("androidpush", "escaped-by-default", { header: "{{chat.from}}", body: "{{chat.text}}" }, { chat }),
  push(
    "androidpush",
    "otp",
    {
      header: "Sign in",
      body: "Code {{code}}",
      timeout_sec: 300,
      channel_lock_screen_visibility: "SECRET",
      is_sticky: true,
    },
    { code: "042137" },
  ),
  {
    ...push(
      "androidpush",
      "translated",
      { header: '{{{t "greeting" name=$recipient.first_name}}}', body: '{{{t "cart" count=count}}}' },
      { count: 1 },
    ),
    locale: "es",
  },
  push("iospush", "order-arriving", arriving, { order }),
  push("iospush", "chat-message", { ...message, thread_identifier: "{{chat.room}}", badge: 3 }, { chat }),
  push("iospush", "background", {
    header: "sync",
    body: "sync",
    sound: "",
    content_available: 1,
    notification_type: "silent",
  }),
  push("iospush", "escaped-by-default", { header: "{{chat.from}}", body: "{{chat.text}}" }, { chat }),
  {
    ...push(
      "iospush",
      "translated",
      { header: '{{{t "greeting" name=$recipient.first_name}}}', body: '{{{t "orders:shipped" id=id}}}' },
      { id: "A-1" },
    ),
    locale: "es-AR",
  },
  push(
    "iospush",
    "batched",
    { header: "{{$batched_events_count}} likes", body: '{{{join (unique $batched_events "who") ", "}}}' },
    { $batched_events: [{ who: "Bo" }, { who: "Cy & Di" }], $batched_events_count: 2 },
  ),
  push(
    "webpush",
    "order-arriving",
    {
      ...arriving,
      action_url: "{{url}}",
      buttons: [{ id: "track", text: "Track {{order.id}}", url: "{{url}}", icon: "" }],
    },
    { order, url: web },
  ),
  push(
    "webpush",
    "chat-message",
    { ...message, dir: "rtl", lang: "ar", vibrate: [200, 100, 200], group: "{{chat.room}}", renotify: true },
    { chat },
  ),
  push(
    "webpush",
    "payload",
    {
      header: "h",
      body: "b",
      extra_payload: { order: { id: "{{order.id}}", urls: ["{{order.url}}"] }, count: 2 },
    },
    { order },
  ),
  push("webpush", "escaped-by-default", { header: "{{chat.from}}", body: "{{chat.text}}" }, { chat }),
  push("webpush", "silent", {
    header: "h",
    body: "b",
    is_silent: true,
    is_sticky: true,
    icon_url: "",
    badge_url: "https://acme.example/badge.png",
  }),
  {
    ...push("webpush", "translated", {
      header: '{{{t "orders:delivered"}}}',
      body: '{{{t "greeting" name=$recipient.name}}}',
    }),
    locale: "fr",
  },
];
