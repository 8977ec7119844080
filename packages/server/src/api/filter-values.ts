import { z } from "zod";
import { parseInstant } from "../core/time/instant.ts";

/**
 * Query filters, with the same rules in every log: an empty value is no filter, a name that takes one value is refused
 * when given twice, and every refusal states what is accepted.
 */
const MAX_TEXT = 512;
const MAX_VALUES = 100;

const TOO_LONG = `must be at most ${MAX_TEXT} characters`;

const onceOnly = ({ input }: { input?: unknown }) =>
  Array.isArray(input) ? "must be given only once" : undefined;

/** A single text from the query, for schemas that refine it further. */
export const singleText = z.string({ error: onceOnly });

/** A whole number with more digits than needed; empty for none. */
export const wholeNumber = singleText.regex(/^(?:-?\d{1,15})?$/, "must be a whole number");

/** An id, a slug or a key, taken as it is: an unknown one matches nothing. */
export const textFilter = singleText.max(MAX_TEXT, TOO_LONG).optional();

/** `must be one of ['a' 'b']`. */
export function oneOf(names: Iterable<string>): string {
  return `must be one of [${[...names].map((name) => `'${name}'`).join(" ")}]`;
}

/** One of the given names. */
export function choiceFilter<const Name extends string>(names: readonly Name[]) {
  return z
    .union([z.enum(names), z.literal("")], {
      error: (issue) => onceOnly(issue) ?? oneOf(names),
    })
    .transform((name) => (name === "" ? undefined : name))
    .optional();
}

const oneOrMore = z.union([z.string(), z.array(z.string())]);

function distinctValues(given: string[], ctx: z.RefinementCtx): string[] | undefined {
  const values = [...new Set(given)].filter((value) => value !== "");
  if (values.length > MAX_VALUES) refuse(ctx, `must contain at maximum ${MAX_VALUES} items`);
  if (values.some((value) => value.length > MAX_TEXT)) refuse(ctx, `each ${TOO_LONG}`);
  return values.length === 0 ? undefined : values;
}

/** Values of a name that may be repeated; undefined if all are empty. */
export const listFilter = oneOrMore.transform((given, ctx) => distinctValues([given].flat(), ctx)).optional();

/** The same, and each may be several: `a,b`. */
export const commaFilter = oneOrMore
  .transform((given, ctx) => {
    const lists = [given].flat().map((list) => list.split(","));
    return distinctValues(
      lists.flat().map((value) => value.trim()),
      ctx,
    );
  })
  .optional();

/** Any of the given names. */
export function choicesFilter(names: readonly string[]) {
  return listFilter
    .refine((given) => given?.every((name) => names.includes(name)) ?? true, {
      error: oneOf(names),
    })
    .describe(`Any of ${names.join(", ")}; may be repeated.`);
}

export const flagFilter = z
  .union([z.literal(""), z.stringbool({ truthy: ["true", "1"], falsy: ["false", "0"] })], {
    error: (issue) => onceOnly(issue) ?? "must be true or false",
  })
  .transform((flag) => (flag === "" ? undefined : flag))
  .optional();

/** RFC 3339; a time without an offset is UTC, a date alone is its midnight. */
export const instantFilter = singleText
  .transform((text, ctx) => {
    const given = text.trim();
    if (given === "") return undefined;
    const at = parseInstant(mendOffset(given));
    if (at === null) refuse(ctx, "must be an RFC 3339 date-time");
    return at ?? undefined;
  })
  .optional();

/** The position in a log where a page ends or begins: the id of a row, which matches `shape`. */
export function cursorFilter(shape: RegExp) {
  return singleText
    .refine((text) => text === "" || shape.test(text), {
      error: "is not a cursor of this list: take one from the `meta` of another page",
    })
    .optional()
    .describe("Opaque; from the `meta` of another page.");
}

/** Ids of messages and executions. */
export const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** Ids of requests. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const uuidFilter = singleText
  .refine((text) => text === "" || UUID.test(text), { error: "must be a UUID" })
  .optional();

function refuse(ctx: z.RefinementCtx, message: string): void {
  ctx.addIssue({ code: "custom", message });
}

/** In a query an unencoded `+` arrives as a space: `…T09:30:00 05:30`. */
function mendOffset(value: string): string {
  return value.replace(/^(.+\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) (\d{2}:?\d{2})$/, "$1+$2");
}
