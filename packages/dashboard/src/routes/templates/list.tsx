import { FileText } from "lucide-react";
import { useState } from "react";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Channel } from "../../ui/channel.tsx";
import { Filter } from "../../ui/filter.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";

export default function Templates() {
  const to = usePaths();
  const [text, setText] = useState("");
  const templates = useApiQuery("GET /v2/:workspace/template/", { query: { mode: "draft", limit: "1000" } });
  return (
    <Page title={t.nav.templates}>
      <Ready of={templates}>
        {({ results }) => {
          if (results.length === 0) {
            return (
              <Empty icon={FileText} title={t.template.none}>
                <p>{t.template.noneHint}</p>
              </Empty>
            );
          }
          const wanted = text.trim().toLowerCase();
          const shown = results.filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted));
          return (
            <Card label={t.nav.templates} flush>
              <div className="card-head">
                <Filter value={text} onChange={setText} label={t.workflow.filter} />
                <span className="soft small">{t.common.of(shown.length, results.length)}</span>
              </div>
              <Table
                label={t.nav.templates}
                rows={shown}
                idOf={({ slug }) => slug}
                cells={[
                  {
                    name: t.workflow.name,
                    cell: ({ slug, name, tags, status }) => (
                      <>
                        <AppLink to={to.template(slug)}>{name || slug}</AppLink>{" "}
                        {status === "archived" ? <span className="tag">{t.template.archived}</span> : null}
                        <div className="soft small">
                          <span className="mono">{slug}</span>{" "}
                          {tags.map((tag) => (
                            <span key={tag} className="tag">
                              {tag}
                            </span>
                          ))}
                        </div>
                      </>
                    ),
                  },
                  {
                    name: t.template.channels,
                    cell: ({ channels }) => (
                      <span className="values">
                        {channels.map(({ channel, variants_count }) => (
                          <span key={channel} className="tag">
                            <Channel channel={channel} />
                            {variants_count > 1 ? ` × ${variants_count}` : ""}
                          </span>
                        ))}
                      </span>
                    ),
                  },
                  {
                    name: t.template.lastSent,
                    isFit: true,
                    cell: ({ last_triggered_at }) => <Time at={last_triggered_at} />,
                  },
                  {
                    name: t.workflow.edited,
                    isFit: true,
                    cell: ({ updated_at }) => <Time at={updated_at} />,
                  },
                ]}
              />
            </Card>
          );
        }}
      </Ready>
    </Page>
  );
}
