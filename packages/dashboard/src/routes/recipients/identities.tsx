import { CHANNELS } from "../../api/channels.ts";
import { t } from "../../messages/en.ts";
import { addressOf } from "../../run/message-facts.ts";
import { Channel } from "../../ui/channel.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";

interface Identity {
  value: string | Record<string, unknown>;
  status: "active" | "inactive";
  perma_status: "active" | "disabled";
}

export type Profile = { [Channel in (typeof CHANNELS)[number] as `$${Channel}`]?: Identity[] };

export function identitiesOf(profile: Profile): { channel: string; identity: Identity }[] {
  return CHANNELS.flatMap((channel) =>
    (profile[`$${channel}`] ?? []).map((identity) => ({ channel, identity })),
  );
}

/** Where somebody is reached, and whether they still are. */
export function Identities({ of }: { of: Profile }) {
  const identities = identitiesOf(of);
  if (identities.length === 0) return <p className="card-body soft">{t.recipient.noIdentities}</p>;
  return (
    <>
      {identities.map(({ channel, identity: { value, status, perma_status } }) => (
        <div key={channel + JSON.stringify(value)} className="list-row">
          <span>
            <Channel channel={channel} />{" "}
            <span className="soft">{addressOf(channel, value) ?? t.recipient.ownInbox}</span>
          </span>
          {perma_status === "disabled" ? (
            <OutcomeBadge outcome="failed" word={t.recipient.disabled} />
          ) : status === "active" ? (
            <OutcomeBadge outcome="delivered" word={t.recipient.active} />
          ) : (
            <OutcomeBadge outcome="not_sent" word={t.recipient.inactive} />
          )}
        </div>
      ))}
    </>
  );
}
