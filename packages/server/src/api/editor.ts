import { API_SERVICE, type Editor } from "../catalog/versioned.ts";
import type { Principal } from "../http/request.ts";

/** Who is shown as the last editor: the member behind a session; a token is the service. */
export function editorOf({ member }: Principal): Editor {
  return member === undefined ? API_SERVICE : { name: member.name, email: member.email };
}
