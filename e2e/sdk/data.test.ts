import sdk from "@suprsend/node-sdk";
import { describe } from "vitest";
import { sdkBroadcastFlows } from "../support/sdk-broadcast-flows.ts";
import { sdkListFlows } from "../support/sdk-list-flows.ts";
import { sdkObjectFlows } from "../support/sdk-object-flows.ts";
import { sdkTenantFlows } from "../support/sdk-tenant-flows.ts";

/* The stock Node SDK, unmodified: each part against a server process of its own. */
describe("with the stock SDK", () => {
  describe("objects", () => {
    sdkObjectFlows(sdk);
  });
  describe("tenants", () => {
    sdkTenantFlows(sdk);
  });
  describe("lists", () => {
    sdkListFlows(sdk);
  });
  describe("broadcasts", () => {
    sdkBroadcastFlows(sdk);
  });
});
