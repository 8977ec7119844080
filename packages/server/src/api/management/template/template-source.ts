import { editorOf } from "../../editor.ts";
import type { RouteContext } from "../../../http/route.ts";

/** What the endpoints of templates pass on for reads, checks and changes alike. */
export function templateSource({
  auth,
  db,
  services: { channels, catalog, engine },
}: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">) {
  const { workspace_id } = auth.workspace;
  return { db, workspace_id, editor: editorOf(auth), channels, catalog, expressions: engine.expressions };
}
