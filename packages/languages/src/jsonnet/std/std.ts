import type { Hashes } from "../../hashes.ts";
import { constantCode, type Field, objectOf, type ObjectValue } from "../value.ts";
import { ARRAYS } from "./arrays.ts";
import type { Library } from "./define.ts";
import { encoders } from "./encode.ts";
import { MANIFESTS } from "./manifests.ts";
import { MATH } from "./math.ts";
import { OBJECTS } from "./objects.ts";
import { PARSERS } from "./parse.ts";
import { SETS } from "./sets.ts";
import { STRINGS } from "./strings.ts";
import { TYPES } from "./types.ts";

const PARTS: readonly Library[] = [TYPES, MATH, STRINGS, PARSERS, ARRAYS, SETS, OBJECTS, MANIFESTS];

/**
 * Makes the variable `std`: the documented standard library, as hidden fields. It is written in TypeScript, where the
 * reference has most of it in Jsonnet, so functions cost what their work costs and spend steps for each loop.
 */
export function createStd(hashes: Hashes): ObjectValue {
  const fields = new Map<string, Field>();
  for (const part of [...PARTS, encoders(hashes)]) {
    for (const [name, value] of Object.entries(part))
      fields.set(name, { visibility: "hidden", body: constantCode(value), scope: null });
  }
  const layer = { fields, locals: [], asserts: [], scope: { slots: [], up: null }, json: null };
  return objectOf([layer], "none");
}
