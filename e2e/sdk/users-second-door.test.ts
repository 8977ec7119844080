import type stock from "@suprsend/node-sdk";
import sdk from "../../packages/sdk/src/suprsend/index.ts";
import { sdkUserFlows } from "../support/sdk-user-flows.ts";

/* The same flows with only the import changed. */
sdkUserFlows(sdk as unknown as typeof stock);
