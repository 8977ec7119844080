import { t } from "../../messages/en.ts";
import { Tabs } from "../../ui/link.tsx";
import { usePaths } from "../use-paths.ts";

export function RecipientTabs({ current }: { current: "users" | "objects" | "lists" }) {
  const to = usePaths();
  return (
    <Tabs
      label={t.nav.recipients}
      tabs={[
        { to: to.users, name: t.recipient.users, isCurrent: current === "users" },
        { to: to.objects(), name: t.recipient.objects, isCurrent: current === "objects" },
        { to: to.lists, name: t.recipient.lists, isCurrent: current === "lists" },
      ]}
    />
  );
}
