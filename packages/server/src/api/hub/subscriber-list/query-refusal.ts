import { AppError } from "../../../errors.ts";
import { QueryError } from "../../../segments/check-query.ts";

/** Runs what may find fault with a query; the fault is that of a field, in the words of the wire. */
export async function checkingQuery<T>(work: () => Promise<T>, field: "query" | "query_text"): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const detail = { [field]: error.message };
    throw new AppError("validation_error", JSON.stringify(detail), { detail, cause: error });
  }
}
