import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({ type: "send_inbox", short: "inbox", name: "Inbox", channels: ["inbox"] });
