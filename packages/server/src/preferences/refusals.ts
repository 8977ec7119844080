import { AppError } from "../errors.ts";

export function tenantNotFound(tenant_id: string): AppError {
  return new AppError("not_found", `tenant '${tenant_id}' not found`);
}

/** Throws if there is any problem, naming each by the path of its field. */
export function refuse(problems: Iterable<[string, string]>): void {
  const detail = Object.fromEntries(problems);
  if (Object.keys(detail).length === 0) return;
  throw new AppError("invalid_request_error", JSON.stringify(detail), { detail });
}
