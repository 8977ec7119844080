import sdk from "@suprsend/node-sdk";
import { sdkUserFlows } from "../support/sdk-user-flows.ts";

/* The stock Node SDK, unmodified. */
sdkUserFlows(sdk);
