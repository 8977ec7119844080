import type { Channel } from "../core/channel.ts";
import { LANES, type RootCategory } from "../core/lane.ts";
import type { DefaultPreference, PreferenceCategory } from "../core/preferences/preferences.ts";
import type { Queryable } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { CategoryProperty } from "../core/preferences/category-properties.ts";
import type { DigestSchedule } from "../core/preferences/digest-schedule.ts";

/** A category that workflows and preferences can name: a published one, or a root. */
export interface Category extends PreferenceCategory {
  name: string;
  description: string | null;
  /** Name of the section on preference pages. */
  section: string | null;
  tags: string[] | null;
  /** Its own and its section's, sorted. */
  effective_tags: string[];
  digest_schedule: DigestSchedule | null;
  properties: CategoryProperty[] | null;
}

/** By slug, in document order; the roots are always there, first. */
export type LiveCategories = ReadonlyMap<string, Category>;

interface Row extends Omit<Category, "is_root" | "defaults"> {
  default_preference: DefaultPreference;
  default_mandatory_channels: Channel[] | null;
  default_opt_in_channels: Channel[] | null;
}

const COLUMNS = `slug, root_category, section, name, description, tags, effective_tags, default_preference,
  default_mandatory_channels, default_opt_in_channels, digest_schedule, properties`;

/** As the transaction sees them; `Preferences.findCategory` reads the cache. */
export async function loadLiveCategories(db: Queryable, workspace_id: number): Promise<LiveCategories> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from category where workspace_id = $1 order by position`,
    [workspace_id],
  );
  const all = [...LANES.map(rootCategory), ...rows.map(toCategory)];
  return new Map(all.map((category) => [category.slug, category]));
}

/** One published category, as the transaction sees it; roots have no preferences. */
export async function getCategory(db: Queryable, workspace_id: number, slug: string): Promise<Category> {
  const [category] = await getCategories(db, workspace_id, [slug]);
  if (category === undefined) throw categoryNotFound(slug);
  return category;
}

/** The same for several, in the order asked for; the first that is not published is refused. */
export async function getCategories(
  db: Queryable,
  workspace_id: number,
  slugs: readonly string[],
): Promise<Category[]> {
  if (slugs.length === 0) return [];
  const rows = await db.query<Row>(
    `select ${COLUMNS} from category where workspace_id = $1 and slug = any($2)`,
    [workspace_id, slugs],
    "categories_load",
  );
  const found = new Map(rows.map((row) => [row.slug, toCategory(row)]));
  return slugs.map((slug) => {
    const category = found.get(slug);
    if (category === undefined) throw categoryNotFound(slug);
    return category;
  });
}

export function categoryNotFound(slug: string): AppError {
  return new AppError("not_found", `category '${slug}' not found`);
}

function toCategory({
  default_preference,
  default_mandatory_channels,
  default_opt_in_channels,
  ...rest
}: Row): Category {
  return {
    ...rest,
    is_root: false,
    defaults: {
      preference: default_preference,
      mandatory_channels: default_mandatory_channels,
      opt_in_channels: default_opt_in_channels,
    },
  };
}

/** Used directly, `system` reaches everybody, the others reach everybody on the channels they did not restrict. */
function rootCategory(root: RootCategory): Category {
  return {
    slug: root,
    root_category: root,
    is_root: true,
    name: root,
    description: null,
    section: null,
    tags: null,
    effective_tags: [],
    digest_schedule: null,
    properties: null,
    defaults: {
      preference: root === "system" ? "cant_unsubscribe" : "opt_in",
      mandatory_channels: null,
      opt_in_channels: null,
    },
  };
}
