/**
 * What the tables say of a request `q`, in SQL. Its body and its problems are stored as they came; what was refused may
 * hold escapes that JSON knows and no text does, and then reading any part of it fails. So every look into a request
 * asks first whether it can be looked into.
 */

/** Escaped backslashes are taken out first, so that every `\u` that is left is an escape. */
const hasBadEscape = (column: string): string =>
  `replace(${column}::text, '\\\\', '')
     ~* '\\\\u0000|\\\\ud[89ab][0-9a-f]{2}(?!\\\\ud[c-f])|(?<!\\\\ud[89ab][0-9a-f]{2})\\\\ud[c-f]'`;

/** What was accepted was guarded on its way in; what was refused, or taken in part, is noted as it came. */
const readable = (column: string): string =>
  `case when (q.status = 'refused' or q.api_type = 'user_edit') and ${hasBadEscape(column)} then null else ${column} end`;

/** Null where it cannot be looked into. */
export const BODY = readable("q.body");
/** Rows with the column `e`: none where they cannot be looked into. */
export const PROBLEMS = `json_array_elements(${readable("q.errors")}) e`;

/** What JavaScript's `trim` takes off: ids are stored in a body as they came, and trimmed when they are read. */
const BLANKS =
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const trimmed = (text: string): string => `btrim(${text}, '${BLANKS}')`;

/** The people of a body, where it has them as it should. */
const people = (
  body: string,
): string => `case json_typeof(coalesce(${body} -> 'recipients', ${body} -> 'users'))
  when 'array' then coalesce(${body} -> 'recipients', ${body} -> 'users') else '[]' end`;

/** Whether its body names somebody: the user of an event or an edit, or one of a trigger's recipients. */
export const bodyNames = (name: string): string => `(select case when q.api_type in ('event', 'user_edit')
    then ${trimmed("b.body ->> 'distinct_id'")} = ${name}
    else exists (select from json_array_elements(${people("b.body")}) p
                  where ${trimmed("p #>> '{}'")} = ${name} or ${trimmed("p ->> 'distinct_id'")} = ${name}
                     or ${trimmed("p ->> 'object_type'")} || '/' || ${trimmed("p ->> 'id'")} = ${name}) end
   from (select ${BODY} as body) b)`;

/** Whether one of its problems is somebody's: a recipient of its own, or a subscriber of one. */
export const problemsName = (name: string): string =>
  `exists (select from ${PROBLEMS} where e ->> 'recipient' = ${name})`;
