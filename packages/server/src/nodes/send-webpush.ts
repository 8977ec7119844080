import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({
  type: "send_webpush",
  short: "webpush",
  name: "Web Push",
  channels: ["webpush"],
});
