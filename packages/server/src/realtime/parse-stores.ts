import type { Json } from "../core/json.ts";
import { AppError } from "../errors.ts";
import { MAX_STORES, parseStore, type Store } from "../inbox/store-query.ts";

/** Reads a client's tabs, an array or its JSON; absent or empty: none. Throws an `AppError` that names the field. */
export function parseStores(value: unknown): Store[] {
  if (value === undefined || value === null || value === "") return [];
  const given = typeof value === "string" ? parseText(value) : value;
  if (!Array.isArray(given)) throw new AppError("validation_error", "stores: must be an array of stores");
  if (given.length > MAX_STORES) {
    throw new AppError("validation_error", `stores: must have at most ${MAX_STORES} entries`);
  }
  return given.map((one: Json, index) => {
    const parsed = parseStore(one);
    const reason = parsed.ok ? "store_id is a required field" : parsed.reason;
    if (parsed.ok && parsed.store.store_id !== "") return parsed.store;
    throw new AppError("validation_error", `stores[${index}]: ${reason}`);
  });
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("validation_error", "stores: must be JSON", { cause });
  }
}
