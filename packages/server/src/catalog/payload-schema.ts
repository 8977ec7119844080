import type { JsonObject } from "../core/json.ts";
import { createPayloadChecker, type PayloadCheck } from "../expressions/payload-schema/payload-schema.ts";
import type { Queryable } from "../db/db.ts";

/** A link from a workflow or an event. Without a number it means the version that is live when a payload arrives. */
export interface PayloadSchemaRef {
  slug: string;
  version_no: number | null;
}

/** A committed version, ready to check payloads against. */
export interface PayloadSchema {
  schema: JsonObject;
  validate: PayloadCheck;
}

export interface PayloadSchemaLookup {
  /** Null: there is no such schema or version, so nothing to check a payload against. */
  findPayloadSchema: (workspace_id: number, ref: PayloadSchemaRef) => Promise<PayloadSchema | null>;
  /** The schema of an event's properties; null when it has none. */
  findEventSchema: (workspace_id: number, event_name: string) => Promise<PayloadSchema | null>;
}

export interface PayloadSchemaDeps {
  db: Queryable;
  remember: <T>(
    workspace_id: number,
    kind: "schema" | "event_schema",
    key: string,
    load: () => Promise<T>,
  ) => Promise<T>;
}

/** No schema has a longer slug. Misses are cached too, so other texts are not looked up. */
const MAX_SLUG = 255;

/** The catalog's part for schemas: a link may resolve to another version later, but a version never changes. */
export function createPayloadSchemaLookup({ db, remember }: PayloadSchemaDeps): PayloadSchemaLookup {
  const checker = createPayloadChecker({ clock: () => performance.now() });

  const findLiveNumber = (workspace_id: number, slug: string) =>
    remember(workspace_id, "schema", liveKey(slug), async () => {
      const [row] = await db.query<{ live_version_no: number | null }>(
        "select live_version_no from payload_schema where workspace_id = $1 and slug = $2",
        [workspace_id, slug],
      );
      return row?.live_version_no ?? null;
    });

  const findVersion = (workspace_id: number, slug: string, version_no: number) =>
    remember(workspace_id, "schema", versionKey(slug, version_no), async () => {
      const [row] = await db.query<{ snapshot: JsonObject }>(
        `select snapshot from payload_schema_version
          where workspace_id = $1 and slug = $2 and version_no = $3::bigint`,
        [workspace_id, slug, version_no],
      );
      return row === undefined ? null : { schema: row.snapshot, validate: checker.compile(row.snapshot) };
    });

  const findPayloadSchema: PayloadSchemaLookup["findPayloadSchema"] = async (
    workspace_id,
    { slug, version_no },
  ) => {
    if (slug.length > MAX_SLUG) return null;
    const meant = version_no ?? (await findLiveNumber(workspace_id, slug));
    return meant === null ? null : findVersion(workspace_id, slug, meant);
  };

  return {
    findPayloadSchema,
    async findEventSchema(workspace_id, event_name) {
      const key = event_name.toLowerCase();
      const link = await remember(workspace_id, "event_schema", key, async () => {
        const [row] = await db.query<PayloadSchemaRef>(
          `select schema_slug as slug, schema_version_no as version_no from event_def
            where workspace_id = $1 and event_name = $2 and schema_slug is not null`,
          [workspace_id, key],
        );
        return row ?? null;
      });
      return link === null ? null : findPayloadSchema(workspace_id, link);
    },
  };
}

/** Keys of the catalog's kind `schema`. A slug in a workflow may be any text, so it comes last. */
export function liveKey(slug: string): string {
  return `live/${slug}`;
}

export function versionKey(slug: string, version_no: number): string {
  return `${version_no}/${slug}`;
}
