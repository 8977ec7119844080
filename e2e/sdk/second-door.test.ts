import type stock from "@suprsend/node-sdk";
import sdk from "../../packages/sdk/src/suprsend/index.ts";
import { sdkFlows } from "../support/sdk-flows.ts";

/* The same flows with only the import changed. Its types are narrower than the stock SDK's, whose arguments are `any`. */
sdkFlows({ sdk: sdk as unknown as typeof stock, readsRecords: true });
