import { flagFilter } from "../../../filter-values.ts";

export const disabledField = {
  include_disabled: flagFilter
    .transform((flag) => flag ?? false)
    .describe("True: also the categories that are disabled for the tenant."),
};
