import sdk from "@suprsend/node-sdk";
import { describe, expect, it, vi } from "vitest";
import secondDoor from "../packages/sdk/src/suprsend/index.ts";

/*
 * The flows of the stock SDK with only their import changed: it is our SDK's second door. Each file runs as it is, in a
 * world of its own.
 */
vi.mock("@suprsend/node-sdk", () => import("../packages/sdk/src/suprsend/index.ts"));

it("these flows import our SDK", () => {
  expect(sdk).toBe(secondDoor);
});

describe("triggers, events and messages", async () => {
  await import("./sdk.test.ts");
});

describe("users", async () => {
  await import("./sdk-users.test.ts");
});
