import { describe } from "vitest";
import { keyboardFlows } from "../support/inbox-keys.ts";

describe("<carillon-inbox>, without a mouse", () => {
  keyboardFlows("element");
});
