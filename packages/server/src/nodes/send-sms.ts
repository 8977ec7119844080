import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({ type: "send_sms", short: "sms", name: "SMS", channels: ["sms"] });
