import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({
  type: "send_whatsapp",
  short: "whatsapp",
  name: "WhatsApp",
  channels: ["whatsapp"],
});
