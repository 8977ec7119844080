import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({
  type: "send_whatsapp",
  short: "whatsapp",
  name: "WhatsApp",
  channels: ["whatsapp"],
});
