import { Lock } from "lucide-react";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Channel } from "../../ui/channel.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";

/** What a recipient gets of each category, and whether that was their own choice. */
export function PreferencesOf({
  kind,
  id,
  type = "",
}: {
  kind: "user" | "object";
  id: string;
  type?: string;
}) {
  const user = useApiQuery(
    "GET /v1/user/:distinct_id/preference/",
    { params: { distinct_id: id }, query: {} },
    { enabled: kind === "user" },
  );
  const object = useApiQuery(
    "GET /v1/object/:object_type/:id/preference/",
    { params: { object_type: type || "-", id }, query: {} },
    { enabled: kind === "object" },
  );
  return (
    <Card title={t.recipient.preferences} flush>
      <Ready of={kind === "user" ? user : object}>
        {({ sections }) =>
          sections.every(({ subcategories }) => subcategories.length === 0) ? (
            <p className="card-body soft">{t.category.none}</p>
          ) : (
            sections.flatMap(({ subcategories }) =>
              subcategories.map(
                ({ category, name, preference, original_preference, is_editable, channels }) => (
                  <div key={category} className="list-row">
                    <span>
                      {name} {is_editable ? null : <Lock size={13} aria-label={t.recipient.locked} />}
                      <div className="soft small">
                        {original_preference === null ? t.recipient.byDefault : t.recipient.chosen}
                        {channels
                          .filter((channel) => channel.preference === "opt_out")
                          .map(({ channel }) => (
                            <span key={channel}>
                              {" "}
                              · {t.recipient.without} <Channel channel={channel} />
                            </span>
                          ))}
                      </div>
                    </span>
                    {preference === "opt_in" ? (
                      <OutcomeBadge outcome="delivered" word={t.recipient.optedIn} />
                    ) : (
                      <OutcomeBadge outcome="not_sent" word={t.recipient.optedOut} />
                    )}
                  </div>
                ),
              ),
            )
          )
        }
      </Ready>
    </Card>
  );
}
