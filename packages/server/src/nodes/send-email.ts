import { defineSendNode } from "./shared/send.ts";

export default defineSendNode({ type: "send_email", short: "email", name: "Email", channels: ["email"] });
