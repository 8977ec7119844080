import { defineSendNode, type SendNode } from "./shared/send.ts";

/** Nodes that send one template on one channel. */
const NODES: SendNode[] = [
  { type: "send_email", short: "email", name: "Email", channels: ["email"] },
  { type: "send_inbox", short: "inbox", name: "Inbox", channels: ["inbox"] },
  {
    type: "send_mobile_push",
    short: "mobile_push",
    name: "Mobile Push",
    channels: ["androidpush", "iospush"],
  },
  { type: "send_ms_teams", short: "ms_teams", name: "MS Teams", channels: ["ms_teams"] },
  { type: "send_slack", short: "slack", name: "Slack", channels: ["slack"] },
  { type: "send_sms", short: "sms", name: "SMS", channels: ["sms"] },
  { type: "send_webpush", short: "webpush", name: "Web Push", channels: ["webpush"] },
  { type: "send_whatsapp", short: "whatsapp", name: "WhatsApp", channels: ["whatsapp"] },
];

export default NODES.map(defineSendNode);
