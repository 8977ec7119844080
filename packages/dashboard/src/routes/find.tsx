import { useQuery } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import { ApiError, callApi } from "../api/client.ts";
import { useAccess } from "../api/hooks.ts";
import type { MessageRow, RequestRow, RunRow } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { recipientOf } from "../run/message-facts.ts";
import { useWorkspaces } from "../shell/workspaces.ts";
import { AppLink } from "../ui/link.tsx";
import { Card, Page } from "../ui/page.tsx";
import { Empty, Ready } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { type Paths, paths, recipientPath } from "./paths.ts";
import { usePaths } from "./use-paths.ts";
import { useParam } from "./use-param.ts";

/** Something that an id names. */
interface Found {
  kind: keyof typeof t.find.kind;
  name: string;
  to: string;
  at: string | null;
}

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/i;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Any id, key or name: everything that it may mean here, or in another workspace. */
export default function Find() {
  const id = useParam("id");
  const access = useAccess();
  const to = usePaths();
  const others = useWorkspaces().data?.filter(({ slug }) => slug !== access.workspace) ?? [];
  const reading = useQuery({
    queryKey: [access.workspace, "find", id],
    queryFn: () => find(id, { ...access, to }),
  });
  const elsewhere = useQuery({
    queryKey: ["elsewhere", id, others.map(({ slug }) => slug)],
    enabled: reading.data?.length === 0 && others.length > 0,
    queryFn: async () => {
      const all = await Promise.all(
        others.slice(0, 8).map(async ({ slug, name }) => {
          const found = await find(id, { token: access.token, workspace: slug, to: paths(slug) });
          return found.map((one) => ({ ...one, name: `${one.name} · ${name}` }));
        }),
      );
      return all.flat();
    },
  });
  return (
    <Page title={t.find.title} lead={<code>{id}</code>}>
      <Ready of={reading}>
        {(found) =>
          found.length > 0 ? (
            <FoundList found={found} title={t.find.found(found.length)} />
          ) : (
            <>
              {elsewhere.data === undefined || elsewhere.data.length === 0 ? (
                <Empty icon={SearchX} title={t.find.nothing}>
                  <p>{t.find.nothingHint}</p>
                </Empty>
              ) : (
                <FoundList found={elsewhere.data} title={t.find.elsewhere(elsewhere.data.length)} />
              )}
            </>
          )
        }
      </Ready>
    </Page>
  );
}

function FoundList({ found, title }: { found: readonly Found[]; title: string }) {
  return (
    <Card title={title} flush>
      {found.map((one) => (
        <div key={one.to} className="list-row">
          <AppLink to={one.to}>{one.name}</AppLink>
          <span className="tag">{t.find.kind[one.kind]}</span>
          {one.at === null ? null : (
            <span className="soft">
              <Time at={one.at} />
            </span>
          )}
        </div>
      ))}
    </Card>
  );
}

interface Where {
  token: string | null;
  workspace: string;
  to: Paths;
}

/** Asks only the endpoints that may know such an id; a refusal of one is no answer. */
async function find(id: string, { to, ...access }: Where): Promise<Found[]> {
  const asked: Promise<Found[]>[] = [];
  const ask = (answer: Promise<Found[]>) =>
    asked.push(
      answer.catch((error: unknown) => {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) return [];
        throw error;
      }),
    );
  if (ULID.test(id)) {
    ask(
      callApi("GET /v1/:workspace/log/execution/:execution_id/", access, {
        params: { execution_id: id },
      }).then((reply) => [foundRun(reply as unknown as RunRow, to)]),
    );
    ask(
      callApi("GET /v1/message/", access, { query: { message_id: id } }).then(({ results }) =>
        results.map((row) => {
          const message = row as unknown as MessageRow;
          return {
            kind: "message",
            name: `${message.channel} · ${recipientOf(message)}`,
            to: to.messages({ message: id, row: id }),
            at: message.created_at,
          };
        }),
      ),
    );
  } else {
    const filter = UUID.test(id) ? { request_id: id } : { idempotency_key: id };
    ask(
      callApi("GET /v1/:workspace/log/request/", access, { query: { ...filter, limit: "20" } }).then(
        ({ results }) =>
          results.map((row) => {
            const { request_id, name, created_at } = row as unknown as RequestRow;
            return {
              kind: "request",
              name,
              to: to.requests({ request: request_id, row: request_id }),
              at: created_at,
            };
          }),
      ),
    );
  }
  ask(
    callApi("GET /v1/user/:distinct_id/", access, { params: { distinct_id: id } }).then(() => [
      { kind: "user", name: id, to: recipientPath(to, id), at: null },
    ]),
  );
  ask(
    callApi("GET /v1/:workspace/log/execution/", access, { query: { recipient: id, limit: "1" } }).then(
      ({ results }) =>
        results.length === 0
          ? []
          : [{ kind: "runs", name: t.find.runsOf(id), to: to.runs({ recipient: id }), at: null }],
    ),
  );
  if (!id.includes("/")) {
    ask(
      callApi("GET /v1/:workspace/workflow/:slug/", access, { params: { slug: id } }).then(({ name }) => [
        { kind: "workflow", name, to: to.workflow(id), at: null },
      ]),
    );
    ask(
      callApi("GET /v2/:workspace/template/:slug/", access, { params: { slug: id } }).then(({ name }) => [
        { kind: "template", name, to: to.template(id), at: null },
      ]),
    );
  }
  return (await Promise.all(asked)).flat();
}

function foundRun({ execution_id, workflow_slug, recipient, created_at }: RunRow, to: Paths): Found {
  return {
    kind: "run",
    name: `${workflow_slug} · ${recipient}`,
    to: to.run(execution_id),
    at: created_at,
  };
}
