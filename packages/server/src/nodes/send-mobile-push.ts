import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({
  type: "send_mobile_push",
  short: "mobile_push",
  name: "Mobile Push",
  channels: ["androidpush", "iospush"],
});
