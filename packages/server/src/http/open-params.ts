import type { RouteDefinition } from "./route.ts";

/**
 * Paths with a parameter that clients put in as it is: the id of a user may have slashes and stray percent signs. Such a
 * path is read from its end, where the words are that the route knows, and what is before them is encoded. A route that
 * ends in a word comes before one that ends in a parameter: `…/a/category/full_preference` is all preferences of
 * `a/category`.
 */
export function createOpenParams(
  routes: readonly Pick<RouteDefinition, "path" | "openParam">[],
): (url: string) => string {
  const shapes = [
    ...new Set(
      routes.flatMap(({ path, openParam }) => (openParam === undefined ? [] : [`${path} ${openParam}`])),
    ),
  ]
    .map((one) => shapeOf(...(one.split(" ") as [string, string])))
    .sort((left, right) => left.parameters - right.parameters);
  const prefixes = [...new Set(shapes.map(({ prefix }) => prefix))];
  return (url) => {
    if (!prefixes.some((prefix) => url.startsWith(prefix))) return url;
    const [path = "", ...query] = url.split("?");
    for (const { prefix, whole } of shapes) {
      const [, value, end] = whole.exec(path) ?? [];
      if (value === undefined || end === undefined) continue;
      return [`${prefix}${encodeOpen(value)}${end}`, ...query].join("?");
    }
    return url;
  };
}

function shapeOf(path: string, openParam: string) {
  const [prefix = "", suffix = ""] = path.replace(/\/$/, "").split(`:${openParam}`);
  const end = suffix.replace(/:\w+/g, "[^/]+");
  return {
    prefix,
    whole: new RegExp(`^${prefix}(.+?)(${end}/?)$`),
    parameters: suffix.split(":").length - 1,
  };
}

function encodeOpen(value: string): string {
  return value.replaceAll("/", "%2F").replaceAll(/%(?![0-9a-fA-F]{2})/g, "%25");
}
