import { CHANNEL_TRAITS, CHANNELS } from "../../core/channel.ts";
import { sqlNames } from "../../db/bulk.ts";
import type { Queryable } from "../../db/db.ts";
import type { Services } from "../../services.ts";

/** Whom an address names that people write as text: an e-mail address, a phone number. */
const ADDRESSED = CHANNELS.filter((channel) => CHANNEL_TRAITS[channel].names_people);
/** An address of a shared mailbox may be many people's. */
const MOST = 20;

interface Owner {
  object_type: string;
  distinct_id: string;
}

/** Empty for a text that is no address. Relies on identity_address. */
export async function findAddressOwners(
  db: Queryable,
  workspace_id: number,
  text: string,
  { channels }: Pick<Services, "channels">,
): Promise<Owner[]> {
  const keys = ADDRESSED.flatMap((channel) => {
    const parsed = channels.get(channel)?.parseIdentity(text, {});
    return parsed?.ok === true ? [parsed.identity.key] : [];
  });
  if (keys.length === 0) return [];
  return db.query<Owner>(
    `select distinct r.object_type, r.distinct_id
       from identity i join recipient r on r.workspace_id = i.workspace_id and r.id = i.recipient_id
      where i.workspace_id = $1 and i.channel in (${sqlNames(ADDRESSED)}) and i.key = any($2) limit ${MOST}`,
    [workspace_id, [...new Set(keys)]],
  );
}
