import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useEffect } from "react";
import { callApi, type ReplyOf } from "../api/client.ts";
import { useAccess, useApiQuery } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { useWorkspaces } from "../shell/workspaces.ts";
import { AppLink } from "../ui/link.tsx";
import { Card, Page } from "../ui/page.tsx";
import { Empty, Loading, Ready } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { type Paths, paths, recipientPath } from "./paths.ts";
import { useParam } from "./use-param.ts";
import { usePaths } from "./use-paths.ts";

type Found = ReplyOf<"GET /v1/:workspace/x/:id/">["results"][number];

/** How many other workspaces are asked when nothing is found here. */
const MOST_ELSEWHERE = 8;

/** Any id, key, slug or address: the page of what it names, or the choice among several. */
export default function Find() {
  const id = useParam("id");
  const { history } = useRouter();
  const access = useAccess();
  const to = usePaths();
  const others = useWorkspaces().data?.filter(({ slug }) => slug !== access.workspace) ?? [];
  const reading = useApiQuery("GET /v1/:workspace/x/:id/", { params: { id } }, { retry: false });
  const results = reading.data?.results;
  const only = results?.length === 1 ? results[0] : undefined;
  useEffect(() => {
    if (only !== undefined) history.replace(pathOf(only, to));
  }, [only, history, to]);
  const elsewhere = useQuery({
    queryKey: ["elsewhere", id, others.map(({ slug }) => slug)],
    enabled: results?.length === 0 && others.length > 0,
    queryFn: async () => {
      const all = await Promise.all(
        others.slice(0, MOST_ELSEWHERE).map(async ({ slug, name }) => {
          const where = { token: access.token, workspace: slug };
          const { results } = await callApi("GET /v1/:workspace/x/:id/", where, { params: { id } });
          return results.map((found) => ({ found, to: paths(slug), workspace: name }));
        }),
      );
      return all.flat();
    },
  });
  return (
    <Page title={t.find.title} lead={<code className="anywhere">{id}</code>}>
      <Ready of={reading}>
        {({ results }) => {
          if (only !== undefined) return <Loading />;
          if (results.length > 0) {
            return (
              <FoundList
                title={t.find.found(results.length)}
                found={results.map((found) => ({ found, to, workspace: null }))}
              />
            );
          }
          return elsewhere.data === undefined || elsewhere.data.length === 0 ? (
            <Empty icon={SearchX} title={t.find.nothing}>
              <p>{t.find.nothingHint}</p>
            </Empty>
          ) : (
            <FoundList title={t.find.elsewhere(elsewhere.data.length)} found={elsewhere.data} />
          );
        }}
      </Ready>
    </Page>
  );
}

function FoundList({
  found,
  title,
}: {
  found: readonly { found: Found; to: Paths; workspace: string | null }[];
  title: string;
}) {
  return (
    <Card title={title} flush>
      {found.map(({ found, to, workspace }) => (
        <div key={pathOf(found, to)} className="list-row">
          <span>
            <AppLink to={pathOf(found, to)}>{found.name || found.id}</AppLink>{" "}
            {workspace === null ? null : <span className="soft">{workspace}</span>}
            <div className="small soft">{t.find.by[found.by]}</div>
          </span>
          <span className="tag">{found.kind}</span>
          {found.created_at === null ? null : (
            <span className="soft">
              <Time at={found.created_at} />
            </span>
          )}
        </div>
      ))}
    </Card>
  );
}

function pathOf({ kind, id }: Found, to: Paths): string {
  switch (kind) {
    case "request":
      return to.requests({ request: id, row: id });
    case "run":
      return to.run(id);
    case "message":
      return to.messages({ message: id, row: id });
    case "broadcast":
      return to.broadcast(id);
    case "user":
      return to.user(id);
    case "object":
      return recipientPath(to, id);
    case "list":
      return to.list(id);
    case "workflow":
      return to.workflow(id);
    case "template":
      return to.template(id);
    case "tenant":
      return to.tenant(id);
    case "category":
      return to.preferences;
    case "vendor":
      return to.vendor(id);
  }
}
