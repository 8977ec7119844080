import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({ type: "send_inbox", short: "inbox", name: "Inbox", channels: ["inbox"] });
