import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({ type: "send_slack", short: "slack", name: "Slack", channels: ["slack"] });
