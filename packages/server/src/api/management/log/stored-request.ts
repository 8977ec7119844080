/**
 * SQL expressions on a request `q`. Its body and its problems are stored as received; a refused body may contain
 * escapes that are valid JSON but not valid text, and then reading any part of it fails. So every access first checks
 * whether the value is readable.
 */

/** Escaped backslashes are removed first, so that every remaining `\u` is an escape. */
const hasBadEscape = (column: string): string =>
  `replace(${column}::text, '\\\\', '')
     ~* '\\\\u0000|\\\\ud[89ab][0-9a-f]{2}(?!\\\\ud[c-f])|(?<!\\\\ud[89ab][0-9a-f]{2})\\\\ud[c-f]'`;

/** Accepted requests were checked on input; refused or partly accepted ones are stored unchecked. */
const readable = (column: string): string =>
  `case when (q.status = 'refused' or q.api_type = 'user_edit') and ${hasBadEscape(column)} then null else ${column} end`;

/** Null if it is not readable. */
export const BODY = readable("q.body");
/** Rows with the column `e`; none if the problems are not readable. */
export const PROBLEMS = `json_array_elements(${readable("q.errors")}) e`;

/** The characters that JavaScript's `trim` removes: ids are stored in a body as received, and trimmed when parsed. */
const BLANKS =
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const trimmed = (text: string): string => `btrim(${text}, '${BLANKS}')`;

/** The recipients in a body, if they have the right shape. */
const people = (
  body: string,
): string => `case json_typeof(coalesce(${body} -> 'recipients', ${body} -> 'users'))
  when 'array' then coalesce(${body} -> 'recipients', ${body} -> 'users') else '[]' end`;

/**
 * Whether the text of a body may name a recipient, which costs a tenth of taking the body apart. Of `type/id` the id is
 * enough; where the text has escapes, they may spell it.
 */
const mentions = (name: string): string =>
  `(strpos(q.body::text, substr(${name}, strpos(${name}, '/') + 1)) > 0 or strpos(q.body::text, '\\') > 0)`;

/** Whether its body names a recipient: the user of an event or an edit, or one of a trigger's recipients. */
export const bodyNames = (
  name: string,
): string => `${mentions(name)} and (select case when q.api_type in ('event', 'user_edit')
    then ${trimmed("b.body ->> 'distinct_id'")} = ${name}
    else exists (select from json_array_elements(${people("b.body")}) p
                  where ${trimmed("p #>> '{}'")} = ${name} or ${trimmed("p ->> 'distinct_id'")} = ${name}
                     or ${trimmed("p ->> 'object_type'")} || '/' || ${trimmed("p ->> 'id'")} = ${name}) end
   from (select ${BODY} as body) b)`;

/** Whether one of its problems concerns this recipient: one of its own, or a subscriber of one. */
export const problemsName = (name: string): string =>
  `exists (select from ${PROBLEMS} where e ->> 'recipient' = ${name})`;
