import { defineSendNode } from "../engine/send-node.ts";

export default defineSendNode({ type: "send_email", short: "email", name: "Email", channels: ["email"] });
