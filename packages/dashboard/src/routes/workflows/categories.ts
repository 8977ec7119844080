import { useApiQuery } from "../../api/hooks.ts";

/** The live categories to choose from, with the three roots, which are categories themselves. */
export function useCategories(): readonly { id: string; name: string }[] {
  const document = useApiQuery("GET /v1/:workspace/preference_category/", { query: { mode: "live" } });
  const roots = document.data?.root_categories ?? [];
  const own = roots.flatMap(({ sections }) =>
    sections.flatMap(({ categories }) =>
      categories.map(({ category, name }) => ({ id: category, name: `${name} (${category})` })),
    ),
  );
  // The order of the wire has system first, which is for few.
  const order = ["transactional", "promotional", "system"];
  const names = roots.map(({ root_category }) => root_category);
  return [
    ...order.filter((name) => (names as string[]).includes(name)).map((id) => ({ id, name: id })),
    ...own,
  ];
}
