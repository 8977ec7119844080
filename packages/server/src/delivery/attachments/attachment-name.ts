import { oneLine } from "../../core/mailbox.ts";

/*
 * The name and type of a file in a mail. Names come from payloads and types from foreign servers: neither can break out
 * of a header, out of a folder, or out of its part of the mail.
 */

const MAX_NAME = 150;

/** Characters that reverse the text direction: a name must not look like that of another file type. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** The given name, or the last part of the URL's path: one line, without folders. */
export function fileName(given: string | null, url: string | null): string {
  const path = url !== null && URL.canParse(url) ? new URL(url).pathname : "";
  for (const candidate of [given ?? "", unescapePath(path)]) {
    const name = oneLine(candidate.replaceAll(TURNING, "")).split(/[/\\]/).at(-1)?.trim() ?? "";
    // Keeps the end, which has the file type.
    if (name !== "") return name.slice(-MAX_NAME).toWellFormed();
  }
  return "attachment";
}

function unescapePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const UNKNOWN = "application/octet-stream";
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/;

/** Types that are not files: the part would be read as a mail, or as parts, of its own. */
const STRUCTURAL = /^(?:multipart|message)\//;

/** Types that mail clients open directly, for files without a given type. */
const BY_ENDING = new Map([
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["ics", "text/calendar"],
  ["json", "application/json"],
  ["xml", "application/xml"],
  ["zip", "application/zip"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["svg", "image/svg+xml"],
  ["doc", "application/msword"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
]);

/** The given type, the one from its server, or the one its name implies; without parameters. */
export function mediaType(given: string | null, received: string | undefined, filename: string): string {
  for (const candidate of [given, received]) {
    const type = candidate?.split(";")[0]?.trim().toLowerCase() ?? "";
    if (MEDIA_TYPE.test(type) && type !== UNKNOWN) return STRUCTURAL.test(type) ? UNKNOWN : type;
  }
  return BY_ENDING.get(filename.split(".").at(-1)?.toLowerCase() ?? "") ?? UNKNOWN;
}
