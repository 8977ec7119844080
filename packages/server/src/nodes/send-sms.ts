import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({ type: "send_sms", short: "sms", name: "SMS", channels: ["sms"] });
