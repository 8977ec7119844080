import type { Api } from "../core/api.ts";
import type { BulkResult } from "../core/bulk.ts";
import { CarillonError } from "../core/errors.ts";
import type { Answer } from "../core/transport.ts";
import { InputValueError, renamed } from "./errors.ts";

/** How a single send is answered, whatever became of it. */
export interface SResponse {
  success: boolean;
  status: "success" | "fail";
  status_code: number;
  message: string;
}

/** How a REST deletion is answered. */
export interface Deleted {
  success: true;
  status_code: number;
}

/** Deletes what is at a path, or the things that a body names. */
export async function deleted({ send }: Api, path: string, body?: object): Promise<Deleted> {
  const { status } = await send({ method: "DELETE", path, ...(body === undefined ? {} : { body }) });
  return { success: true, status_code: status };
}

export interface FailedRecord {
  record: Record<string, unknown>;
  error: string;
  code: number;
}

/** What became of many records. */
export class BulkResponse {
  status: "success" | "partial" | "fail" = "success";
  failed_records: FailedRecord[] = [];
  total = 0;
  success = 0;
  failure = 0;
  warnings: string[] = [];
}

/** What a send is answered: a refusal or a lost connection is an answer too; bad input is thrown. */
export async function settled(
  work: () => Promise<Answer>,
  messageOf: (answer: Answer) => string,
): Promise<SResponse> {
  try {
    const answer = await work();
    return { success: true, status: "success", status_code: answer.status, message: messageOf(answer) };
  } catch (error) {
    const named = renamed(error);
    if (!(error instanceof CarillonError) || named instanceof InputValueError) throw named;
    // Where there was no answer the other client says 500.
    return {
      success: false,
      status: "fail",
      status_code: error.status || 500,
      message: bodyText(error),
    };
  }
}

/** The answer as it came, as far as there was one. */
function bodyText({ body, message }: CarillonError): string {
  if (body === null) return message;
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** The sum under this door's names. `jsonOf` shows a record as it would have been sent. */
export function toBulkResponse<One>(
  result: BulkResult<One>,
  jsonOf: (record: One) => Record<string, unknown>,
  warnings: string[] = [],
): BulkResponse {
  return Object.assign(new BulkResponse(), {
    status: result.status,
    total: result.total,
    success: result.success,
    failure: result.failure,
    failed_records: result.failed_records.map(({ record, error, code }) => ({
      record: jsonOf(record),
      error,
      code: code || 500,
    })),
    warnings,
  });
}
