import { unescapeOrNull } from "../../core/text/text.ts";
import { oneLine } from "../../core/mailbox.ts";
import { readHeader } from "./header-value.ts";

/*
 * The name and type of a file in a mail. Names come from payloads and types from foreign servers: neither can break out
 * of a header, out of a folder, or out of its part of the mail.
 */

const MAX_NAME = 150;

/** Characters that reverse the text direction: a name must not look like that of another file type. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * The given name, the one that the download has in its `Content-Disposition`, or the last part of the URL's path: one
 * line, without folders.
 */
export function fileName(given: string | null, disposition: string | undefined, url: string | null): string {
  const path = url !== null && URL.canParse(url) ? new URL(url).pathname : "";
  for (const candidate of [given ?? "", dispositionName(disposition ?? ""), unescapeOrNull(path) ?? path]) {
    const name = oneLine(candidate.replaceAll(TURNING, "")).split(/[/\\]/).at(-1)?.trim() ?? "";
    // Keeps the end, which has the file type.
    if (!/^\.{0,2}$/.test(name)) return name.slice(-MAX_NAME).toWellFormed();
  }
  return "attachment";
}

/** https://www.rfc-editor.org/rfc/rfc6266: `filename*`, which names its encoding, comes before `filename`. */
function dispositionName(disposition: string): string {
  const { parameters } = readHeader(disposition);
  return decodeExtended(parameters.get("filename*") ?? "") ?? asUtf8(parameters.get("filename") ?? "");
}

/** https://www.rfc-editor.org/rfc/rfc8187: `utf-8'en'%e2%82%ac.pdf`. Null for anything else. */
function decodeExtended(text: string): string | null {
  const [, charset = "", value = ""] = /^([\w-]+)'[^']*'(.+)$/s.exec(text) ?? [];
  if (charset.toLowerCase() === "utf-8") return unescapeOrNull(value);
  if (charset.toLowerCase() !== "iso-8859-1") return null;
  return value.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Servers write UTF-8 where the protocol has Latin-1, and HTTP clients read either. */
function asUtf8(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.toString("latin1") !== text) return text;
  const decoded = bytes.toString("utf8");
  return decoded.includes("\uFFFD") ? text : decoded;
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

/**
 * The given type, the one from its server, or the one its name implies. Parameters stay: `charset` says how to read a
 * text, and an invitation without its `method` is only a file (https://www.rfc-editor.org/rfc/rfc6047#section-2.4).
 */
export function mediaType(given: string | null, received: string | undefined, filename: string): string {
  for (const candidate of [given, received]) {
    const { value, parameters } = readHeader(candidate ?? "");
    const type = value.toLowerCase();
    if (!MEDIA_TYPE.test(type) || type === UNKNOWN) continue;
    return STRUCTURAL.test(type) ? UNKNOWN : type + writeParameters(parameters);
  }
  return BY_ENDING.get(filename.split(".").at(-1)?.toLowerCase() ?? "") ?? UNKNOWN;
}

const MAX_PARAMETERS = 10;

/** The file's name is decided elsewhere, and a boundary would be one of the mail itself. */
const OTHERS_DECIDE = /^(?:name|boundary)(?:\*|$)/;

function writeParameters(parameters: ReadonlyMap<string, string>): string {
  return [...parameters]
    .filter(
      ([name, value]) =>
        !OTHERS_DECIDE.test(name) && /^[\w!#$&^.+-]+\*?$/.test(name) && /^[ -~]{1,200}$/.test(value),
    )
    .slice(0, MAX_PARAMETERS)
    .map(
      ([name, value]) =>
        `; ${name}=${/^[\w!#$&^.+-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`}`,
    )
    .join("");
}
