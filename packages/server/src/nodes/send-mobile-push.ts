import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({
  type: "send_mobile_push",
  short: "mobile_push",
  name: "Mobile Push",
  channels: ["androidpush", "iospush"],
});
