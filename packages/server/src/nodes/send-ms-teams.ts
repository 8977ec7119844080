import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({
  type: "send_ms_teams",
  short: "ms_teams",
  name: "MS Teams",
  channels: ["ms_teams"],
});
