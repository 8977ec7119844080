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
 * The variable `std`: the documented standard library, its fields hidden. It is written in TypeScript where the
 * reference has most of it in the language, so functions cost what they do, and what they loop over they spend.
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
