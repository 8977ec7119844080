import { CHANNEL_TRAITS, CHANNELS } from "../../core/channel.ts";
import { sqlNames } from "../../db/bulk.ts";
import type { Queryable } from "../../db/db.ts";
import type { Recipients } from "../../recipients/recipients.ts";

/** The people named by a cancel. */
export interface NamedPeople {
  /** As stored with runs; a text with a slash may be a user's id or an object's. */
  keys: { object_type: string; distinct_id: string }[];
  /** Normalised, to find people who are not stored. */
  addresses: string[];
}

const ADDRESSED = CHANNELS.filter((channel) => CHANNEL_TRAITS[channel].names_people);
const ADDRESSED_SQL = sqlNames(ADDRESSED);

/**
 * Resolves ids directly; a text that is an address also names everyone who has it, in any tenant. Relies on
 * identity_address.
 */
export async function findPeople(
  db: Queryable,
  workspace_id: number,
  texts: readonly string[],
  { parseIdentity }: Pick<Recipients, "parseIdentity">,
): Promise<NamedPeople> {
  const keys = texts.flatMap((text) => {
    const slash = text.indexOf("/");
    const user = { object_type: "", distinct_id: text };
    if (slash < 1) return [user];
    return [user, { object_type: text.slice(0, slash), distinct_id: text.slice(slash + 1) }];
  });
  const addresses = [...new Set(texts.flatMap((text) => addressKeys(text, parseIdentity)))];
  if (addresses.length === 0) return { keys, addresses };
  const owners = await db.query<NamedPeople["keys"][number]>(
    `select distinct p.object_type, p.distinct_id from identity i
       join recipient p on p.workspace_id = i.workspace_id and p.id = i.recipient_id
      where i.workspace_id = $1 and i.key = any($2) and i.channel in (${ADDRESSED_SQL})`,
    [workspace_id, addresses],
    "cancel_people",
  );
  return { keys: [...keys, ...owners], addresses };
}

function addressKeys(text: string, parseIdentity: Recipients["parseIdentity"]): string[] {
  return ADDRESSED.flatMap((channel) => {
    const parsed = parseIdentity(channel, text, {});
    return parsed.ok ? [parsed.identity.key] : [];
  });
}
