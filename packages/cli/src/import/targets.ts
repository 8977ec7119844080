import { type Carillon, CarillonError } from "@carillon/sdk";

/** Values of a record by name. */
export type Values = Record<string, unknown>;

/** Why a record of a chunk was not taken; the others were. */
export interface Refusal {
  /** Its place in the chunk. */
  index: number;
  reason: string;
}

export interface Target {
  /** Records sent together; the position is noted after each. */
  chunk: number;
  /** Throws if the server could not be asked: nothing is known of the chunk then. */
  send: (records: Values[]) => Promise<Refusal[]>;
  /** After the last chunk. */
  finish: () => Promise<string>;
}

/** Keys with `$` that are no addresses. */
const SETTINGS = new Set(["$timezone", "$locale", "$preferred_language"]);

const OBJECTS_AT_ONCE = 8;

/** Users by the bulk call: addresses are added, everything else is set. */
export function usersTarget(carillon: Carillon): Target {
  return {
    chunk: 2000,
    async send(records) {
      const { failed_records } = await carillon.users.editMany(records.map(toEdit));
      for (const { reason } of failed_records) stopIfUnanswered(reason);
      return failed_records.map(({ index, error }) => ({ index, reason: error }));
    },
    finish: async () =>
      "addresses that are not valid were left out: the request log (api_name=user_edit) names them",
  };
}

function toEdit({ distinct_id, ...values }: Values) {
  const entries = Object.entries(values);
  const addresses = entries.filter(([name]) => name.startsWith("$") && !SETTINGS.has(name));
  const others = entries.filter(([name]) => !name.startsWith("$") || SETTINGS.has(name));
  const edit = [
    ...(others.length === 0 && addresses.length > 0 ? [] : [{ $set: Object.fromEntries(others) }]),
    ...(addresses.length === 0 ? [] : [{ $append: Object.fromEntries(addresses) }]),
  ];
  // Anything but a text is refused by the SDK, with the name of the field.
  return { user: distinct_id as string, edit };
}

/** Objects one by one, several at a time: the API has no bulk call for them. */
export function objectsTarget(carillon: Carillon): Target {
  return {
    chunk: 200,
    async send(records) {
      const refusals: Refusal[] = [];
      let next = 0;
      const work = async () => {
        for (let index = next++; index < records.length; index = next++) {
          try {
            const { object_type, id, ...profile } = records[index] ?? {};
            await carillon.objects.upsert(object_type as string, id as string, profile);
          } catch (error) {
            if (!(error instanceof CarillonError)) throw error;
            stopIfUnanswered(error);
            refusals.push({ index, reason: error.message });
          }
        }
      };
      await Promise.all(Array.from({ length: OBJECTS_AT_ONCE }, work));
      return refusals.toSorted((one, other) => one.index - other.index);
    },
    finish: async () => "",
  };
}

export interface ListTarget {
  list: string;
  /** Of a draft that takes the list's place at the end; null: users are added. */
  version_id: string | null;
}

/** Members of a list, by their distinct ids. */
export function listTarget(carillon: Carillon, { list, version_id }: ListTarget): Target {
  let sent = 0;
  let affected = 0;
  return {
    chunk: 5000,
    async send(records) {
      const refusals: Refusal[] = [];
      const ids = records.flatMap(({ distinct_id }, index) => {
        if (typeof distinct_id === "string" && distinct_id.trim() !== "") return [distinct_id];
        refusals.push({ index, reason: "distinct_id: must be a text" });
        return [];
      });
      if (ids.length > 0) {
        const { affected_count } = await (version_id === null
          ? carillon.lists.add(list, ids)
          : carillon.lists.addToVersion(list, version_id, ids));
        sent += ids.length;
        affected += affected_count;
      }
      return refusals;
    },
    async finish() {
      if (version_id !== null) await carillon.lists.finishSync(list, version_id);
      return `${affected} users entered the list; ${sent - affected} were in it already, or do not exist`;
    },
  };
}

/** A server that is away, or does not know the caller, says nothing about a record. */
function stopIfUnanswered(error: CarillonError): void {
  if (error.code === "invalid_input") return;
  const { status } = error;
  if (status === 0 || status === 401 || status === 403 || status === 429 || status >= 500) throw error;
}
