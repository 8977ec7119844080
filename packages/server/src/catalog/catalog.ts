import { storableJson } from "../core/text/text.ts";
import { createHash } from "node:crypto";
import type { Translations } from "../core/translations/lookup.ts";
import type { Db, Queryable, Tx } from "../db/db.ts";
import type { Stoppable } from "../db/session.ts";
import type { IdSource } from "../ids.ts";
import { type Lane, laneOf } from "../core/lane.ts";
import { loadLiveCategories } from "./live-categories.ts";
import { createCache } from "./cache.ts";
import { type Approval, readApprovals } from "./approvals.ts";
import { createEventRegister, type EventRegister } from "./event-register.ts";
import { createPayloadSchemaLookup, type PayloadSchemaLookup } from "./payload-schema.ts";
import type { CompleteContent, LiveTemplate } from "./live-template.ts";
import type { TemplateSnapshot } from "./template.ts";
import { rememberCompleted, toLiveTemplate } from "./live-template.ts";
import { loadTenant, type PagePlace, type Tenant } from "./tenant.ts";
import { LIVE_TRANSLATIONS, loadTranslations } from "./live-translations.ts";
import type { CompiledWorkflow, WorkflowDefinition } from "./workflow.ts";
import { WORKSPACE_NOW } from "../workspaces/clock.ts";

/**
 * The catalog: everything a running workflow reads but never writes (live workflows, their pinned versions, live
 * templates and translations, tenants), cached by each process and invalidated by NOTIFY. Versions are immutable, so they are never
 * stale.
 */
export interface Catalog extends PayloadSchemaLookup {
  findWorkflow: (workspace_id: number, slug: string) => Promise<WorkflowEntry | null>;
  getVersion: (workspace_id: number, version_id: string) => Promise<CompiledWorkflow>;
  /** Slugs of live, enabled workflows that an event triggers. */
  findTriggered: (workspace_id: number, event_name: string) => Promise<string[]>;
  /**
   * The most urgent lane among the live workflows that an event triggers or that wait for it; without any it can wait.
   */
  laneOfEvent: (workspace_id: number, event_name: string) => Promise<Lane>;
  findTemplate: (workspace_id: number, slug: string) => Promise<LiveTemplate | null>;
  /** The translations of the live version; none where no file was ever committed. */
  findTranslations: (workspace_id: number) => Promise<Translations>;
  findTenant: (workspace_id: number, tenant_id: string) => Promise<Tenant | null>;
  /** Reads the tenant as the transaction sees it, for callers for which the cache may be too old. */
  readTenant: (db: Queryable, workspace_id: number, tenant_id: string) => Promise<Tenant | null>;
  registerEvents: EventRegister;
  /** The stored version of an inline (`dynamic`) workflow; created on first use. */
  ensureDynamic: (workspace_id: number, slug: string, definition: WorkflowDefinition) => Promise<string>;
  /** Notifies every process of a change, once the transaction has committed. */
  invalidate: (tx: Tx, workspace_id: number, kind: CatalogKind, key: string) => Promise<void>;
  /** Caches a value under the same rules: delivery keeps its vendor routes here. */
  remember: <T>(workspace_id: number, kind: CatalogKind, key: string, load: () => Promise<T>) => Promise<T>;
  start: () => Promise<Stoppable>;
}

export type CatalogKind =
  | "workflow"
  | "version"
  | "event"
  | "template"
  | "translation"
  | "tenant"
  | "vendor"
  | "category"
  | "schema"
  | "event_schema";

export interface WorkflowEntry {
  slug: string;
  is_enabled: boolean;
  trigger_type: string;
  /** Null: never committed. */
  live: CompiledWorkflow | null;
}

export interface CatalogDeps {
  db: Db;
  ids: IdSource;
  /** Parses node settings once per version; the registry of nodes belongs to the engine. */
  compile: CompileWorkflow;
  /** What a channel computes once per version of its content; never stored. Absent: nothing. */
  complete?: CompleteContent;
  /** Where preference pages are. Absent: nowhere. */
  pages?: PagePlace;
}

export type CompileWorkflow = (
  definition: WorkflowDefinition,
  identity: { version_id: string; version_no: number; version_at: Date; slug: string },
) => CompiledWorkflow;

const CHANNEL = "carillon_catalog";

export function createCatalog({
  db,
  ids,
  compile,
  complete = (_channel, content) => content,
  pages = { domain: "localhost", base: null },
}: CatalogDeps): Catalog {
  const cache = createCache();
  const completeOnce = rememberCompleted(complete);

  function remember<T>(
    workspace_id: number,
    kind: CatalogKind,
    key: string,
    load: () => Promise<T>,
  ): Promise<T> {
    return cache.get(`${workspace_id}/${kind}/${key}`, load);
  }

  /** The lane is the category's, which may move to another root after a version was committed. */
  async function inLane(workspace_id: number, workflow: CompiledWorkflow): Promise<CompiledWorkflow> {
    const categories = await remember(workspace_id, "category", "live", () =>
      loadLiveCategories(db, workspace_id),
    );
    const lane = laneOf(categories.get(workflow.category)?.root_category ?? "transactional");
    return lane === workflow.lane ? workflow : { ...workflow, lane };
  }

  const getCompiled = (workspace_id: number, version_id: string): Promise<CompiledWorkflow> =>
    remember(workspace_id, "version", version_id, async () => {
      const [row] = await db.query<{
        slug: string;
        version_no: number;
        version_at: Date;
        definition: WorkflowDefinition;
      }>(
        "select slug, version_no, version_at, definition from workflow_version where workspace_id = $1 and id = $2",
        [workspace_id, version_id],
      );
      if (row === undefined) throw new Error(`workflow version ${version_id} is gone`);
      const { slug, version_no, version_at, definition } = row;
      return compile(definition, { version_id, version_no, version_at, slug });
    });

  const findEntry: Catalog["findWorkflow"] = (workspace_id, slug) =>
    remember(workspace_id, "workflow", slug, async () => {
      const [row] = await db.query<{
        is_enabled: boolean;
        trigger_type: string;
        live_version_id: string | null;
      }>(
        `select is_enabled, trigger_type, live_version_id from workflow
            where workspace_id = $1 and slug = $2 and deleted_at is null`,
        [workspace_id, slug],
      );
      if (row === undefined) return null;
      const live = row.live_version_id === null ? null : await getCompiled(workspace_id, row.live_version_id);
      return { slug, is_enabled: row.is_enabled, trigger_type: row.trigger_type, live };
    });

  /**
   * The workflows that an event triggers, and those that wait for it: runs keep waiting when their workflow is
   * disabled. Names match case-insensitively.
   */
  function findLinks(
    workspace_id: number,
    event_name: string,
  ): Promise<{ triggered: string[]; concerned: string[] }> {
    const name = event_name.toLowerCase();
    return remember(workspace_id, "event", name, async () => {
      const rows = await db.query<{ slug: string; triggers: boolean; waits: boolean }>(
        `select slug, bool_or(usage = 'Trigger Event') and is_enabled as triggers,
                bool_or(usage <> 'Trigger Event') as waits
           from workflow_event join workflow using (workspace_id, slug)
          where workspace_id = $1 and event_name = $2 and deleted_at is null and live_version_id is not null
          group by slug, is_enabled order by slug`,
        [workspace_id, name],
      );
      return {
        triggered: rows.filter(({ triggers }) => triggers).map(({ slug }) => slug),
        concerned: rows.filter(({ triggers, waits }) => triggers || waits).map(({ slug }) => slug),
      };
    });
  }

  return {
    ...createPayloadSchemaLookup({ db, remember }),
    registerEvents: createEventRegister(),
    remember,
    getVersion: async (workspace_id, version_id) =>
      inLane(workspace_id, await getCompiled(workspace_id, version_id)),
    async findWorkflow(workspace_id, slug) {
      const entry = await findEntry(workspace_id, slug);
      if (entry === null || entry.live === null) return entry;
      return { ...entry, live: await inLane(workspace_id, entry.live) };
    },
    findTriggered: async (workspace_id, event_name) => (await findLinks(workspace_id, event_name)).triggered,
    async laneOfEvent(workspace_id, event_name) {
      let lane: Lane = 2;
      for (const slug of (await findLinks(workspace_id, event_name)).concerned) {
        const { live = null } = (await findEntry(workspace_id, slug)) ?? {};
        if (live !== null) lane = Math.min(lane, (await inLane(workspace_id, live)).lane) as Lane;
      }
      return lane;
    },
    findTemplate: (workspace_id, slug) =>
      remember(workspace_id, "template", slug, async () => {
        const [row] = await db.query<{ snapshot: TemplateSnapshot; version_no: number }>(
          `select v.snapshot, v.version_no from template t
             join template_version v on v.workspace_id = t.workspace_id and v.template_slug = t.slug
              and v.version_no = t.live_version_no
            where t.workspace_id = $1 and t.slug = $2 and t.archived_at is null`,
          [workspace_id, slug],
        );
        if (row === undefined) return null;
        const waits = row.snapshot.variants.some(({ needs_vendor_approval }) => needs_vendor_approval);
        const approvals = waits
          ? await readApprovals(db, workspace_id, [slug])
          : new Map<string, Approval[]>();
        return toLiveTemplate(slug, row.version_no, row.snapshot, approvals.get(slug) ?? [], completeOnce);
      }),
    findTranslations: (workspace_id) =>
      remember(workspace_id, "translation", LIVE_TRANSLATIONS, () => loadTranslations(db, workspace_id)),
    findTenant: (workspace_id, tenant_id) =>
      remember(workspace_id, "tenant", tenant_id, () => loadTenant(db, workspace_id, tenant_id, pages)),
    readTenant: (tx, workspace_id, tenant_id) => loadTenant(tx, workspace_id, tenant_id, pages),
    ensureDynamic: (workspace_id, slug, definition) => {
      const hash = createHash("sha256").update(JSON.stringify(definition)).digest("hex");
      return remember(workspace_id, "version", `dynamic/${slug}/${hash}`, () =>
        db.tx((tx) => ensureDynamicVersion(tx, ids, workspace_id, slug, definition, hash)),
      );
    },
    async invalidate(tx, workspace_id, kind, key) {
      const entry = `${workspace_id}/${kind}/${key}`;
      await tx.query("select pg_notify($1, $2)", [CHANNEL, entry]);
      tx.afterCommit(() => cache.forget(entry));
    },
    start: () =>
      db.listen(
        CHANNEL,
        (entry) => cache.forget(entry),
        () => cache.clear(),
      ),
  };
}

async function ensureDynamicVersion(
  tx: Queryable,
  ids: IdSource,
  workspace_id: number,
  slug: string,
  definition: WorkflowDefinition,
  hash: string,
): Promise<string> {
  const text = storableJson(definition);
  await tx.query(
    `insert into workflow (workspace_id, slug, draft, trigger_type, active_at)
     values ($1, $2, $3, 'dynamic', now()) on conflict (workspace_id, slug) do nothing`,
    [workspace_id, slug, text],
  );
  // The row lock serialises the version numbers of one slug.
  await tx.query("select 1 from workflow where workspace_id = $1 and slug = $2 for update", [
    workspace_id,
    slug,
  ]);
  const [known] = await tx.query<{ id: string }>(
    "select id from workflow_version where workspace_id = $1 and slug = $2 and hash = $3 limit 1",
    [workspace_id, slug, hash],
  );
  if (known !== undefined) return known.id;
  const id = ids.ulid();
  await tx.query(
    `insert into workflow_version (workspace_id, id, slug, version_no, definition, hash, version_at)
     select $1, $2, $3, 1 + (select coalesce(max(version_no), 0) from workflow_version where workspace_id = $1 and slug = $3),
            $4, $5, ${WORKSPACE_NOW("null")}
       from workspace w where w.workspace_id = $1`,
    [workspace_id, id, slug, text, hash],
  );
  return id;
}
