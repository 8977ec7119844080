/** The addresses of the dashboard. Names may hold any character, so each is encoded. */
const e = encodeURIComponent;

export function paths(workspace: string) {
  const root = `/w/${e(workspace)}`;
  return {
    home: `${root}/`,
    workflows: `${root}/workflows`,
    workflow: (slug: string, tab = "") => `${root}/workflows/${e(slug)}${tab === "" ? "" : `/${tab}`}`,
    templates: `${root}/templates`,
    template: (slug: string) => `${root}/templates/${e(slug)}`,
    users: `${root}/recipients/users`,
    user: (id: string) => `${root}/recipients/users/${e(id)}`,
    objects: (type = "") =>
      `${root}/recipients/objects${type === "" ? "" : `?${new URLSearchParams({ type }).toString()}`}`,
    object: (type: string, id: string) => `${root}/recipients/objects/${e(type)}/${e(id)}`,
    lists: `${root}/recipients/lists`,
    list: (id: string) => `${root}/recipients/lists/${e(id)}`,
    tenants: `${root}/tenants`,
    tenant: (id: string) => `${root}/tenants/${e(id)}`,
    preferences: `${root}/preferences`,
    broadcasts: `${root}/broadcasts`,
    broadcast: (id: string) => `${root}/broadcasts/${e(id)}`,
    requests: (query: Record<string, string> = {}) => withQuery(`${root}/logs/requests`, query),
    runs: (query: Record<string, string> = {}) => withQuery(`${root}/logs/runs`, query),
    messages: (query: Record<string, string> = {}) => withQuery(`${root}/logs/messages`, query),
    run: (id: string) => `${root}/runs/${e(id)}`,
    vendors: `${root}/vendors`,
    vendor: (id: string) => `${root}/vendors/${e(id)}`,
    newVendor: (slug: string) => `${root}/vendors/new/${e(slug)}`,
    develop: (page: string) => `${root}/develop/${page}`,
    find: (id: string) => `${root}/x/${e(id)}`,
  };
}

export type Paths = ReturnType<typeof paths>;

function withQuery(path: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return search === "" ? path : `${path}?${search}`;
}

/** A recipient's own page: `object_type/id` is an object, everything else a user. */
export function recipientPath(to: Paths, name: string): string {
  const slash = name.indexOf("/");
  return slash < 1 ? to.user(name) : to.object(name.slice(0, slash), name.slice(slash + 1));
}
