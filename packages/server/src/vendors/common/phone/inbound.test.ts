import { expect, it } from "vitest";
import { inbound } from "./inbound.ts";

it.each([
  ["4915112345678", "+4915112345678"],
  ["+4915112345678", "+4915112345678"],
  ["09876543210", "09876543210"],
  ["72345", "72345"],
  ["Acme", "Acme"],
])("the number %s reads as %s", (written, read) => {
  const [message] = inbound({ id: "1", from: written, to: written, text: "STOP" });
  expect(message).toMatchObject({ from: read, to: read, text: "STOP", in_reply_to: null, at: null });
});

it("a message from nobody is none", () => {
  expect(inbound({ id: "1", from: "", to: "72345", text: "STOP" })).toEqual([]);
});
