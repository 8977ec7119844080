import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({
  type: "send_webpush",
  short: "webpush",
  name: "Web Push",
  channels: ["webpush"],
});
