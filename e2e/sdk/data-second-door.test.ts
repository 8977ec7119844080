import type stock from "@suprsend/node-sdk";
import { describe } from "vitest";
import second from "../../packages/sdk/src/suprsend/index.ts";
import { sdkBroadcastFlows } from "../support/sdk-broadcast-flows.ts";
import { sdkListFlows } from "../support/sdk-list-flows.ts";
import { sdkObjectFlows } from "../support/sdk-object-flows.ts";
import { sdkTenantFlows } from "../support/sdk-tenant-flows.ts";

/* The same flows with only the import changed. Its types are narrower than the stock SDK's, whose arguments are `any`. */
const sdk = second as unknown as typeof stock;

describe("with the second door", () => {
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
