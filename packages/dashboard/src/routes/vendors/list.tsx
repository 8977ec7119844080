import { Plus } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import type { ReplyOf } from "../../api/client.ts";
import { useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Channel } from "../../ui/channel.tsx";
import { Filter } from "../../ui/filter.tsx";
import { AppLink } from "../../ui/link.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { usePaths } from "../use-paths.ts";

type Vendor = ReplyOf<"GET /v1/:workspace/vendor/">["results"][number];

/** Each channel's vendors in the order in which they are tried. */
export default function Vendors() {
  const vendors = useApiQuery("GET /v1/:workspace/vendor/", { query: {} }, { every: 10_000 });
  const routes = useApiQuery("GET /v1/:workspace/vendor_route/", {});
  const mayWrite = useRight("vendors.write");
  const [isAdding, setAdding] = useState(false);
  const channels = [...new Set(vendors.data?.results.map(({ channel }) => channel))].toSorted();
  return (
    <Page
      title={t.nav.vendors}
      lead={t.vendor.lead}
      actions={
        mayWrite ? (
          <Button className="button primary" onPress={() => setAdding(true)}>
            <Plus aria-hidden />
            {t.vendor.connect}
          </Button>
        ) : null
      }
    >
      <Ready of={vendors}>
        {({ results }) =>
          channels.map((channel) => (
            <Card key={channel} title={t.channel[channel] ?? channel} flush>
              {results
                .filter((vendor) => vendor.channel === channel)
                .map((vendor) => (
                  <Row
                    key={vendor.id}
                    vendor={vendor}
                    places={placesOf(vendor.id, routes.data?.results ?? [])}
                  />
                ))}
            </Card>
          ))
        }
      </Ready>
      <Catalog isOpen={isAdding} onClose={() => setAdding(false)} />
    </Page>
  );
}

function Row({ vendor, places }: { vendor: Vendor; places: string[] }) {
  const to = usePaths();
  const { id, name, nickname, broken, held_until } = vendor;
  return (
    <div className="list-row">
      <span>
        <AppLink to={to.vendor(id)}>{nickname || name}</AppLink>{" "}
        {nickname === "" ? null : <span className="soft">{name}</span>}
        <div className="small soft">{places.length === 0 ? t.vendor.unused : places.join(" · ")}</div>
        {broken === null ? null : <div className="small">{broken.reason}</div>}
      </span>
      <VendorHealth broken={broken !== null} held={held_until !== null} />
    </div>
  );
}

export function VendorHealth({ broken, held }: { broken: boolean; held: boolean }) {
  if (broken) return <OutcomeBadge outcome="failed" word={t.home.broken} />;
  if (held) return <OutcomeBadge outcome="waiting" word={t.home.held} />;
  return <OutcomeBadge outcome="delivered" word={t.home.healthy} />;
}

type Route = ReplyOf<"GET /v1/:workspace/vendor_route/">["results"][number];

/** `transactional: first`. */
function placesOf(id: string, routes: readonly Route[]): string[] {
  return routes.flatMap(({ category, tenant_id, vendors }) => {
    const place = vendors.findIndex((one) => one.id === id);
    if (place < 0) return [];
    const where = tenant_id === "default" ? category : `${category}, ${tenant_id}`;
    return [`${where}: ${t.vendor.place(place + 1)}`];
  });
}

function Catalog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const to = usePaths();
  const [text, setText] = useState("");
  const catalog = useApiQuery("GET /v1/:workspace/vendor_catalog/", {}, { enabled: isOpen });
  const wanted = text.trim().toLowerCase();
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{t.vendor.connect}</Heading>
          <Filter value={text} onChange={setText} label={t.vendor.filter} />
          <Ready of={catalog}>
            {({ results }) => (
              <div>
                {results
                  .filter(({ name, channel }) =>
                    `${name} ${t.channel[channel] ?? channel}`.toLowerCase().includes(wanted),
                  )
                  .map(({ vendor_slug, name, channel }) => (
                    <div key={vendor_slug} className="list-row">
                      <AppLink to={to.newVendor(vendor_slug)}>{name}</AppLink>
                      <Channel channel={channel} />
                    </div>
                  ))}
              </div>
            )}
          </Ready>
          <div className="dialog-actions">
            <Button className="button" onPress={onClose}>
              {t.common.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
