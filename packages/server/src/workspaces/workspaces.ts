import { createHmac } from "node:crypto";
import { DEFAULT_TENANT, readTenancy, type Tenancy } from "../core/profile/effective-profile.ts";
import { createLru } from "../core/lru.ts";
import { inboxName } from "../core/text/recipient-name.ts";
import { readTestMode, type TestMode } from "../core/test-mode.ts";
import type { Queryable } from "../db/db.ts";
import { type IdSource, randomToken } from "../ids.ts";
import { hashToken, type SecretBox } from "./crypto.ts";
import {
  type ClientKey,
  createApiKey,
  createPublicKey,
  deleteApiKey,
  findPublicKey,
  listVerifyingKeys,
  type VerifyingKey,
} from "./keys.ts";
import { createLinkKeys, type Generations, type LinkKeys } from "./link-keys.ts";

/**
 * Workspaces and their credentials. Lookups are cached briefly: every request needs one, and a revoked key may remain
 * valid for `CACHE_MS` on nodes other than the one that revoked it.
 */
export interface Workspace {
  workspace_id: number;
  uid: string;
  slug: string;
  name: string;
  mode: "sandbox" | "production";
  timezone: string;
  /** How it separates the people of its tenants. */
  tenancy: Tenancy;
  /** Null: messages go to their recipients, as always in production. */
  test_mode: TestMode | null;
  /** Signs inbox subscriber ids. */
  inbox_secret: string;
  /** Sign links to preference pages. */
  link_keys: LinkKeys;
}

export interface Workspaces {
  findBySlug: (slug: string) => Promise<Workspace | null>;
  /** For an id that comes from outside. */
  findById: (workspace_id: number) => Promise<Workspace | null>;
  getById: (workspace_id: number) => Promise<Workspace>;
  /** `beforeLookup` may throw; it is called before the database is asked for a credential that is new to this process. */
  findByKey: (
    ws_key: string,
    beforeLookup?: () => void,
  ) => Promise<{ workspace: Workspace; secret: string; is_active: boolean } | null>;
  findByApiKey: (
    token: string,
    beforeLookup?: () => void,
  ) => Promise<{ workspace: Workspace; id: string } | null>;
  /** By a value of a public key that is valid now, which may be the one before its last rotation. */
  findByPublicKey: (
    api_key: string,
    beforeLookup?: () => void,
  ) => Promise<{ workspace: Workspace; key: ClientKey } | null>;
  /** What verifies users' tokens now: the active signing key, and rolled ones until they expire. */
  listVerifyingKeys: (workspace: Workspace) => Promise<VerifyingKey[]>;
  /** The id of a live service token. */
  findServiceToken: (token: string, beforeLookup?: () => void) => Promise<string | null>;
  /** True when `ws_key` (or the workspace's uid) names this workspace. */
  ownsKey: (workspace: Workspace, ws_key: string) => Promise<boolean>;
  list: () => Promise<Workspace[]>;
  create: (input: NewWorkspace) => Promise<Workspace>;
  createKey: (workspace: Workspace) => Promise<{ ws_key: string; secret: string }>;
  createApiKey: (workspace: Workspace, name: string) => Promise<{ id: string; api_key: string }>;
  createServiceToken: (name: string) => Promise<{ id: string; token: string }>;
  listKeys: (workspace: Workspace) => Promise<{ ws_key: string; secret: string; is_active: boolean }[]>;
  /** API keys of the workspace, and the service tokens, which apply to all workspaces; without their secrets. */
  listTokens: (workspace: Workspace) => Promise<StoredToken[]>;
  /**
   * Revokes a workspace key, an API key or a service token, by its id (a workspace key is its own id). False: no such
   * credential is in use. Other nodes may accept it for `CACHE_MS` more.
   */
  revoke: (workspace: Workspace, id: string) => Promise<boolean>;
  /** Drops every cached lookup. */
  forget: () => void;
}

export interface StoredToken {
  kind: "API key" | "service token";
  id: string;
  name: string;
  masked: string;
}

export interface NewWorkspace {
  slug: string;
  name: string;
  description?: string | null;
  mode: Workspace["mode"];
}

const CACHE_MS = 10_000;
const MAX_CACHED = 10_000;

export interface MadeWorkspace {
  workspace: Workspace;
  ws_key: string;
  secret: string;
}

/** Says in one line why a workspace cannot have a slug: it is invalid, reserved or taken. */
export class SlugError extends Error {
  override name = "SlugError";
  is_taken: boolean;

  constructor(message: string, { is_taken }: { is_taken: boolean }) {
    super(message);
    this.is_taken = is_taken;
  }
}

export function createWorkspaces(db: Queryable, box: SecretBox, ids: IdSource): Workspaces {
  const cache = createLru<{ value: unknown; until: number }>(MAX_CACHED);

  /** Misses are not cached: made-up keys would fill the memory. */
  async function remember<T>(key: string, load: () => Promise<T>, beforeLookup?: () => void): Promise<T> {
    const now = Date.now();
    const hit = cache.get(key);
    if (hit !== undefined && hit.until > now) return hit.value as T;
    if (hit === undefined) beforeLookup?.();
    const value = await load();
    if (value === null) return value;
    cache.set(key, { value, until: now + CACHE_MS });
    return value;
  }

  async function findWhere(
    column: "slug" | "workspace_id",
    value: string | number,
  ): Promise<Workspace | null> {
    const [row] = await db.query<WorkspaceRow>(`select * from workspace where ${column} = $1`, [value]);
    return row === undefined ? null : toWorkspace(row, box);
  }

  const findBySlug = (slug: string) => remember(`slug:${slug}`, () => findWhere("slug", slug));

  const findById = (workspace_id: number) =>
    remember(`id:${workspace_id}`, () => findWhere("workspace_id", workspace_id));

  async function getById(workspace_id: number): Promise<Workspace> {
    const workspace = await findById(workspace_id);
    if (workspace === null) throw new Error(`workspace ${workspace_id} is gone`);
    return workspace;
  }

  const findByKey: Workspaces["findByKey"] = (ws_key, beforeLookup) =>
    remember(
      `key:${ws_key}`,
      async () => {
        const [row] = await db.query<{ workspace_id: number; secret: Buffer; is_active: boolean }>(
          "select workspace_id, secret, is_active from ws_key where ws_key = $1",
          [ws_key],
        );
        if (row === undefined) return null;
        return {
          workspace: await getById(row.workspace_id),
          secret: box.open(row.secret),
          is_active: row.is_active,
        };
      },
      beforeLookup,
    );

  return {
    findBySlug,
    findById,
    getById,
    findByKey,
    findByApiKey(token, beforeLookup) {
      const hash = hashToken(token);
      const load = async () => {
        const [row] = await db.query<{ workspace_id: number; id: string }>(
          "select workspace_id, id from api_key where hash = $1 and deleted_at is null",
          [hash],
        );
        return row === undefined ? null : { workspace: await getById(row.workspace_id), id: row.id };
      };
      return remember(`api:${hash.toString("base64")}`, load, beforeLookup);
    },
    async findByPublicKey(api_key, beforeLookup) {
      const load = async () => {
        const key = await findPublicKey(db, api_key);
        return key === null ? null : { workspace: await getById(key.workspace_id), key };
      };
      const found = await remember(`public:${api_key}`, load, beforeLookup);
      return found !== null && isValid(found.key) ? found : null;
    },
    async listVerifyingKeys({ workspace_id }) {
      const keys = await remember(`signing:${workspace_id}`, () => listVerifyingKeys(db, workspace_id));
      return keys.filter(isValid);
    },
    findServiceToken(token, beforeLookup) {
      const hash = hashToken(token);
      const load = async () => {
        const [row] = await db.query<{ id: string }>(
          "select id from service_token where hash = $1 and deleted_at is null",
          [hash],
        );
        return row?.id ?? null;
      };
      return remember(`service:${hash.toString("base64")}`, load, beforeLookup);
    },
    async ownsKey(workspace, ws_key) {
      if (ws_key === workspace.uid) return true;
      return (await findByKey(ws_key))?.workspace.workspace_id === workspace.workspace_id;
    },
    async list() {
      const rows = await db.query<WorkspaceRow>("select * from workspace order by workspace_id");
      return rows.map((row) => toWorkspace(row, box));
    },
    async create({ slug, name, description = null, mode }) {
      const [row] = await db.query<WorkspaceRow>(
        `with made as (
           insert into workspace (uid, slug, name, mode, inbox_secret, description)
           values ($1, $2, $3, $4, $5, $6) returning *),
         tenant as (
           insert into tenant (workspace_id, tenant_id, tenant_name) select workspace_id, '${DEFAULT_TENANT}', name from made)
         select * from made`,
        [`wksp_${randomToken(16)}`, slug, name, mode, box.seal(randomToken(32)), description],
      );
      if (row === undefined) throw new Error("the workspace was not created");
      const key = { name: "default", description: null };
      await createPublicKey(db, row.workspace_id, key, { actor: null, is_default: true }, ids);
      return toWorkspace(row, box);
    },
    async createKey(workspace) {
      const pair = { ws_key: randomToken(24), secret: randomToken(36) };
      await db.query("insert into ws_key (ws_key, workspace_id, secret) values ($1, $2, $3)", [
        pair.ws_key,
        workspace.workspace_id,
        box.seal(pair.secret),
      ]);
      return pair;
    },
    createApiKey: ({ workspace_id }, name) =>
      createApiKey(db, workspace_id, { name, description: null }, null, ids),
    async createServiceToken(name) {
      const token = `SS.ST.${randomToken(32)}`;
      const id = `st_${ids.ulid()}`;
      await db.query("insert into service_token (id, name, hash, masked) values ($1, $2, $3, $4)", [
        id,
        name,
        hashToken(token),
        `${token.slice(0, 12)}*****`,
      ]);
      return { id, token };
    },
    async listKeys(workspace) {
      const rows = await db.query<{ ws_key: string; secret: Buffer; is_active: boolean }>(
        "select ws_key, secret, is_active from ws_key where workspace_id = $1 order by created_at",
        [workspace.workspace_id],
      );
      return rows.map((row) => ({ ...row, secret: box.open(row.secret) }));
    },
    listTokens: (workspace) =>
      db.query<StoredToken>(
        `select 'API key' as kind, id, name, masked from api_key where workspace_id = $1 and deleted_at is null
         union all
         select 'service token', id, name, masked from service_token where deleted_at is null
         order by kind, id`,
        [workspace.workspace_id],
      ),
    async revoke({ workspace_id }, id) {
      const rows = await db.query(
        `with keys as (update ws_key set is_active = false where workspace_id = $1 and ws_key = $2 and is_active returning 1),
              tokens as (update service_token set deleted_at = now() where id = $2 and deleted_at is null returning 1)
         select 1 from keys union all select 1 from tokens`,
        [workspace_id, id],
      );
      const isApiKey = await deleteApiKey(db, workspace_id, id, null);
      cache.clear();
      return isApiKey || rows.length > 0;
    },
    forget: cache.clear,
  };
}

/** Both kinds of keys of clients expire by the time of this machine, as the tokens do. */
function isValid({ valid_until }: { valid_until: Date | null }): boolean {
  return valid_until === null || valid_until.getTime() > Date.now();
}

/** The value of a recipient's automatic `$inbox` identity, and the legacy inbox's subscriber id. */
export function inboxSubscriberId(
  workspace: Workspace,
  recipient: { object_type: string; distinct_id: string },
): string {
  return createHmac("sha256", workspace.inbox_secret).update(inboxName(recipient)).digest("base64url");
}

interface WorkspaceRow extends Generations {
  workspace_id: number;
  uid: string;
  slug: string;
  name: string;
  mode: Workspace["mode"];
  timezone: string;
  config: unknown;
  inbox_secret: Buffer;
}

function toWorkspace(row: WorkspaceRow, box: SecretBox): Workspace {
  const { workspace_id, uid, slug, name, mode, timezone } = row;
  const inbox_secret = box.open(row.inbox_secret);
  return {
    workspace_id,
    uid,
    slug,
    name,
    mode,
    timezone,
    tenancy: readTenancy(row.config),
    // A setting copied from another workspace must not hold back messages in production.
    test_mode: mode === "production" ? null : readTestMode(row.config),
    inbox_secret,
    link_keys: createLinkKeys(inbox_secret, row),
  };
}
