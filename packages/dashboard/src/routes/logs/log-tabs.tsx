import { t } from "../../messages/en.ts";
import { Tabs } from "../../ui/link.tsx";
import { usePaths } from "../use-paths.ts";

export function LogTabs({ current }: { current: "requests" | "runs" | "messages" }) {
  const to = usePaths();
  return (
    <Tabs
      label={t.log.logs}
      tabs={[
        { to: to.requests(), name: t.log.requests, isCurrent: current === "requests" },
        { to: to.runs(), name: t.log.runs, isCurrent: current === "runs" },
        { to: to.messages(), name: t.log.messages, isCurrent: current === "messages" },
      ]}
    />
  );
}
