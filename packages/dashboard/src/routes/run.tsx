import { t } from "../messages/en.ts";
import { RunView } from "../run/run-view.tsx";
import { Page } from "../ui/page.tsx";
import { usePaths } from "./use-paths.ts";
import { useParam } from "./use-param.ts";

export default function RunPage() {
  const id = useParam("id");
  const to = usePaths();
  return (
    <Page title={t.run.title} back={{ to: to.runs(), label: t.log.runs }} wide>
      <RunView id={id} />
    </Page>
  );
}
