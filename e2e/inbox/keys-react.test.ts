import { describe } from "vitest";
import { keyboardFlows } from "../support/inbox-keys.ts";

describe("the React components, without a mouse", () => {
  keyboardFlows("react 19");
});
