import { t } from "../../messages/en.ts";
import { Tabs } from "../../ui/link.tsx";
import { usePaths } from "../use-paths.ts";

const PAGES = ["simulator", "keys", "clock"] as const;

export function DevelopTabs({ current }: { current: (typeof PAGES)[number] }) {
  const to = usePaths();
  return (
    <Tabs
      label={t.nav.develop}
      tabs={PAGES.map((page) => ({
        to: to.develop(page),
        name: t.develop.page[page],
        isCurrent: page === current,
      }))}
    />
  );
}
