import type { Helpers } from "./helper.ts";
import { dateHelpers } from "./helpers/date.ts";
import { jsonHelpers } from "./helpers/json.ts";
import { listHelpers } from "./helpers/list.ts";
import { logicHelpers } from "./helpers/logic.ts";
import { numberHelpers } from "./helpers/number.ts";
import { textHelpers } from "./helpers/text.ts";

/** The helpers of every template, besides the package's own `if`, `unless`, `each` and `with`. */
export function createHelpers(): Helpers {
  return {
    ...logicHelpers,
    ...textHelpers,
    ...numberHelpers,
    ...listHelpers,
    ...jsonHelpers,
    ...dateHelpers,
  };
}
