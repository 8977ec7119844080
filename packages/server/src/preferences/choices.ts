import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { isRootCategory } from "../core/lane.ts";
import { type CategoryChoice, NO_CHOICE, type RecipientChoice } from "../core/preferences/preferences.ts";
import { rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { DigestSelection } from "../core/preferences/digest-schedule.ts";

/**
 * The choices of recipients, users and objects alike, in one tenant. Choices do not cascade: a choice in the default
 * tenant does not affect another one.
 */
export interface Concern {
  /** Null: a recipient that is never stored, and so has no choices. */
  recipient_id: string | null;
  tenant_id: string;
  /** Slug. */
  category: string;
}

export interface Choice extends RecipientChoice {
  /** Values of the category's properties; absent where there are none. */
  properties?: JsonObject;
  /** The selected digest option; absent if none was selected. */
  digest_schedule?: DigestSelection;
}

/** The choice for one of the loaded concerns; others are unknown to it. */
export type ChoiceLookup = (concern: Concern) => Choice;

/**
 * Loads all choices for a chunk, in at most two statements that share a round trip. A recipient without preferences
 * costs one descent of each index; for roots only what applies to them is looked up.
 *
 * The statements are deliberately planned anew each time: a prepared plan made while the tables were empty reads them
 * whole, and after an import of 200,000 choices a chunk of 100 took 60 to 100 ms until the next ANALYZE. Planning costs
 * 0.15 ms per statement.
 */
export async function loadChoices(
  db: Queryable,
  workspace_id: number,
  concerns: readonly Concern[],
): Promise<ChoiceLookup> {
  const asked = concerns.filter(
    (concern): concern is Concern & { recipient_id: string } =>
      concern.recipient_id !== null && concern.category !== "system",
  );
  const rows = uniqueBy(
    asked.filter(({ category }) => !isRootCategory(category)),
    rowKey,
  );
  const people = uniqueBy(asked, personKey);
  const [categories, restricted] = await Promise.all([
    selectCategories(db, workspace_id, rows),
    selectRestricted(db, workspace_id, people),
  ]);
  if (categories.size === 0 && restricted.size === 0) return () => NO_CHOICE;
  return (concern) => {
    const chosen = categories.get(rowKey(concern));
    const restricted_channels = restricted.get(personKey(concern));
    if (chosen === undefined && restricted_channels === undefined) return NO_CHOICE;
    return { category: null, ...chosen, restricted_channels: restricted_channels ?? [] };
  };
}

export type Person = Pick<Concern, "recipient_id" | "tenant_id">;

// Ids and tenants contain no slash, so no two share a key.
export function personKey({ recipient_id, tenant_id }: Person): string {
  return `${recipient_id}/${tenant_id}`;
}

function rowKey(concern: Concern): string {
  return `${personKey(concern)}/${concern.category}`;
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

interface Chosen extends Pick<Choice, "properties" | "digest_schedule"> {
  category: CategoryChoice;
}

interface StoredSettings {
  properties: JsonObject | null;
  digest_schedule: DigestSelection | null;
}

async function selectCategories(
  db: Queryable,
  workspace_id: number,
  concerns: readonly Concern[],
): Promise<Map<string, Chosen>> {
  if (concerns.length === 0) return new Map();
  const { from, values, next } = rowsOf("k", concerns, {
    recipient_id: text((concern) => concern.recipient_id),
    tenant_id: text((concern) => concern.tenant_id),
    category: text((concern) => concern.category),
  });
  const rows = await db.query<Concern & CategoryChoice & StoredSettings>(
    `select p.recipient_id, p.tenant_id, p.category, p.preference, p.opt_out_channels, p.opt_in_channels, p.properties,
            p.digest_schedule
       from ${from}
       join pref_category p on p.workspace_id = $${next} and p.recipient_id = k.recipient_id
        and p.tenant_id = k.tenant_id and p.category = k.category`,
    [...values, workspace_id],
  );
  return new Map(
    rows.map(({ preference, opt_out_channels, opt_in_channels, properties, digest_schedule, ...concern }) => [
      rowKey(concern),
      {
        category: { preference, opt_out_channels, opt_in_channels },
        ...(properties === null ? {} : { properties }),
        ...(digest_schedule === null ? {} : { digest_schedule }),
      },
    ]),
  );
}

/** Global opt-outs by `personKey`; recipients without any are absent. */
export async function selectRestricted(
  db: Queryable,
  workspace_id: number,
  people: readonly Person[],
): Promise<Map<string, Channel[]>> {
  const restricted = new Map<string, Channel[]>();
  if (people.length === 0) return restricted;
  const { from, values, next } = rowsOf("k", people, {
    recipient_id: text((person) => person.recipient_id),
    tenant_id: text((person) => person.tenant_id),
  });
  const rows = await db.query<Person & { channel: Channel }>(
    `select p.recipient_id, p.tenant_id, p.channel
       from ${from}
       join pref_channel p on p.workspace_id = $${next} and p.recipient_id = k.recipient_id
        and p.tenant_id = k.tenant_id`,
    [...values, workspace_id],
  );
  for (const row of rows) {
    const key = personKey(row);
    const known = restricted.get(key);
    if (known === undefined) restricted.set(key, [row.channel]);
    else known.push(row.channel);
  }
  return restricted;
}
