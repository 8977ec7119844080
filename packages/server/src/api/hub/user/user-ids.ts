import { idError, idsOf } from "../present-profile.ts";
import { userId } from "./present-user.ts";

/** The users of a bulk call. */
export const userIds = idsOf(userId(idError), 100);
