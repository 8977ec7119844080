import sdk from "@suprsend/node-sdk";
import { sdkFlows } from "../support/sdk-flows.ts";

/* The stock Node SDK, unmodified. */
sdkFlows({ sdk, readsRecords: false });
