import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({ type: "send_slack", short: "slack", name: "Slack", channels: ["slack"] });
