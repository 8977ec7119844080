import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkQuery, QueryError } from "./check-query.ts";

const reasonOf = (query: string) =>
  checkQuery(query).then(
    () => null,
    (error: unknown) => {
      if (!(error instanceof QueryError)) throw error;
      return error.message;
    },
  );

const FROM_USERS = "select distinct_id from users where";

describe("a query of a list", () => {
  it.each([
    "select distinct_id from users",
    "  SELECT u.distinct_id FROM users AS u ;",
    `${FROM_USERS} user_properties ->> 'plan' = 'enterprise' and locale like 'en%' -- those`,
    `${FROM_USERS} 'email' = any(active_channels) and cardinality(active_emails) > 1`,
    `${FROM_USERS} user_properties @> '{"tags": ["beta"]}' and (user_properties ->> 'age')::int between 18 and 30`,
    `${FROM_USERS} created_at > now() - interval '30 days' and extract(year from updated_at) >= 2024`,
    `${FROM_USERS} date_trunc('day', created_at at time zone 'Europe/Berlin') = current_date`,
    `${FROM_USERS} coalesce(timezone, 'UTC') in ('UTC', 'Asia/Kolkata') or language is null`,
    `${FROM_USERS} case when locale is null then true else lower(trim(locale)) <> 'de' end`,
    "select distinct_id from events where requested_at >= now() - interval '7 days' group by 1 having count(*) > 3",
    `select u.distinct_id from users u join events e on e.distinct_id = u.distinct_id and e.requested_at > now() - interval '1 day'
      where e.event_name = 'SIGNED UP' and e.properties ->> 'plan' is not null`,
    `${FROM_USERS} not exists (select 1 from events e where e.distinct_id = users.distinct_id
       and e.requested_at between now() - interval '7 days' and now())`,
    "select distinct_id from users where locale = 'de' union select distinct_id from users where locale = 'fr'",
    "select q.id as distinct_id from (select distinct_id as id from users order by created_at limit 100) q",
  ])("may be %s", async (query) => {
    expect(await reasonOf(query)).toBeNull();
  });

  it.each([
    ["", "This field may not be blank."],
    [";", "This field may not be blank."],
    ["-- nothing", "must be a SELECT"],
    ["select distinct_id from", "Syntax error: syntax error at end of input"],
    ["select distinct_id from users; select 1", "must be one statement"],
    ["select distinct_id from users where locale = 'de') q; drop table run; --", "Syntax error"],
    ["delete from users returning distinct_id", "must be a SELECT"],
    ["insert into users select 1", "must be a SELECT"],
    ["copy users to program 'sh'", "must be a SELECT"],
    ["do $$ begin end $$", "must be a SELECT"],
    ["explain select distinct_id from users", "must be a SELECT"],
    ["set role postgres", "must be a SELECT"],
    ["select * from users", "SELECT *"],
    ["select users.* from users", "SELECT *"],
    ["select created_at from users", "must select distinct_id"],
    ["select distinct_id from recipient", "No table named recipient. There are users and events"],
    ["select distinct_id from public.users", "a schema is not allowed"],
    ["select distinct_id from other.public.users", "a database is not allowed"],
    ["select distinct_id from pg_catalog.pg_authid", "a schema is not allowed"],
    ["select distinct_id from users, ws_key", "No table named ws_key"],
    [`${FROM_USERS} exists (select 1 from vendor_config)`, "No table named vendor_config"],
    [`${FROM_USERS} locale in (select ws_key from ws_key)`, "No table named ws_key"],
    ["select distinct_id from users union select secret from ws_key", "No table named ws_key"],
    ["select (select secret::text from ws_key limit 1) as distinct_id", "No table named ws_key"],
    ["with users as (select 1 as distinct_id) select distinct_id from users", "WITH is not allowed"],
    ["select distinct_id into temp x from users", "INTO is not allowed"],
    ["select distinct_id from users for update", "FOR UPDATE is not allowed"],
    ["select distinct_id from users tablesample system (1)", "RangeTableSample is not allowed"],
    [
      "select distinct_id from generate_series(1, 1000000000) distinct_id",
      "a function in FROM is not allowed",
    ],
    ["values ('ann')", "VALUES is not allowed"],
    ["table users", "SELECT *"],
    [`${FROM_USERS} distinct_id = $1`, "a parameter is not allowed"],
    [`${FROM_USERS} pg_sleep(100) is null`, "Function pg_sleep is not allowed"],
    [`${FROM_USERS} pg_read_file('/etc/passwd') <> ''`, "Function pg_read_file is not allowed"],
    [`${FROM_USERS} pg_catalog.pg_read_file('/etc/passwd') <> ''`, "is not allowed"],
    [`${FROM_USERS} public.lower(locale) = ''`, "Function public.lower is not allowed"],
    [
      `${FROM_USERS} query_to_xml('select 1', true, true, '') is null`,
      "Function query_to_xml is not allowed",
    ],
    [`${FROM_USERS} set_config('role', 'x', false) = ''`, "Function set_config is not allowed"],
    [`${FROM_USERS} current_setting('data_directory') = ''`, "Function current_setting is not allowed"],
    [`${FROM_USERS} lo_import('/etc/passwd') > 0`, "Function lo_import is not allowed"],
    [`${FROM_USERS} repeat('x', 1000000000) = ''`, "Function repeat is not allowed"],
    [`${FROM_USERS} locale || locale = 'dede'`, "Operator || is not allowed"],
    [`${FROM_USERS} locale operator(public.=) 'de'`, "Operator public.= is not allowed"],
    [`${FROM_USERS} locale ~ '(a+)+$'`, "Operator ~ is not allowed"],
    [`${FROM_USERS} locale similar to 'a'`, "is not allowed"],
    [`${FROM_USERS} 'users'::regclass is not null`, "Type regclass is not allowed"],
    [`${FROM_USERS} current_user = 'postgres'`, "CURRENT_USER is not allowed"],
    ["select distinct_id, row_number() over () from users", "OVER is not allowed"],
    ["select distinct_id from users, lateral (select 1) x", "LATERAL is not allowed"],
    ["select distinct_id from events", "requested_at needs a lower bound"],
    ["select distinct_id from events where requested_at < now()", "requested_at needs a lower bound"],
    ["select distinct_id from events where requested_at > now() or true", "requested_at needs a lower bound"],
    [
      "select distinct_id from events e(distinct_id, a, requested_at) where requested_at > '2024-01-01'",
      "colnames is not allowed",
    ],
    [`${FROM_USERS} exists (select 1 from events)`, "requested_at needs a lower bound"],
    [
      `select distinct_id from users where ${"(".repeat(200)}true${")".repeat(200)} ${"and (true ".repeat(0)}`,
      null,
    ],
    [`select distinct_id from users where ${"not ".repeat(200)}true`, "is nested too deeply"],
    ["x".repeat(100_001), "must be at most 100000 characters"],
  ])("may not be %.90s", async (query, reason) => {
    const said = await reasonOf(query);
    if (reason === null) expect(said).toBeNull();
    else expect(said).toContain(reason);
  });

  it("is refused or returned, whatever it is", async () => {
    const words =
      "select distinct_id from users events where ( ) ' \" ; -- /* */ $1 $$ :: = , * with u& e' \\ \n".split(
        " ",
      );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words)), async (parts) => {
        const query = parts.join(" ");
        const checked = await checkQuery(query).catch((error: unknown) => {
          expect(error).toBeInstanceOf(QueryError);
          return null;
        });
        if (checked !== null) expect(query).toContain(checked);
      }),
      { numRuns: 2000 },
    );
  });
});
