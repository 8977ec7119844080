/** The list that was there before, if the new one has the same members: what has not changed stays the same object. */
export function keepList<T>(before: readonly T[] | undefined, list: readonly T[]): readonly T[] {
  return before?.length === list.length && list.every((one, at) => one === before[at]) ? before : list;
}

/** The object that was there before, if the new one has the same fields. */
export function keepObject<T extends object>(before: T | null | undefined, object: T): T {
  const keys = Object.keys(object) as (keyof T)[];
  const isSame = before && keys.every((key) => before[key] === object[key]);
  return isSame ? before : object;
}
