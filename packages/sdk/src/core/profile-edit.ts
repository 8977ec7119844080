import type { EditOperation, Profile, SlackAddress, TeamsAddress, WebPushSubscription } from "../wire.ts";
import { items, optionsOf, record, text } from "./check.ts";
import { invalidInput } from "./errors.ts";

/** What a push address may say besides its token. */
export interface PushOptions {
  /** `fcm`, `xiaomi` or `oppo` of Android; `apns` of iOS. */
  provider?: string | undefined;
  deviceId?: string | undefined;
  /** Of the app, on iOS. */
  bundleId?: string | undefined;
}

/**
 * The steps of an edit of a user or an object. Every method adds one and returns the edit; the server applies them in
 * order, all or none.
 *
 * @example
 * await carillon.users.edit("ada", (user) => user.addEmail("ada@example.com").set({ plan: "gold" }));
 */
export class ProfileEdit {
  /** As the wire has them. */
  readonly operations: EditOperation[] = [];

  /** Whether doing it twice does the same as once. Increments and appended properties do not. */
  get isRepeatable(): boolean {
    return this.operations.every(isRepeatable);
  }

  /**
   * Sets properties, replacing their values.
   * @example
   * await carillon.users.edit("ada", (user) => user.set({ plan: "gold", seats: 5 }));
   */
  set(properties: Profile): this {
    return this.#add({ $set: record("set", properties) });
  }

  /**
   * Sets properties that the profile does not have yet.
   * @example
   * await carillon.users.edit("ada", (user) => user.setOnce({ first_login: "2026-11-30" }));
   */
  setOnce(properties: Record<string, unknown>): this {
    return this.#add({ $set_once: record("setOnce", properties) });
  }

  /**
   * Adds to numbers; a negative amount subtracts.
   * @example
   * await carillon.users.edit("ada", (user) => user.increment({ logins: 1 }));
   */
  increment(amounts: Record<string, number>): this {
    for (const [name, amount] of Object.entries(record("increment", amounts))) {
      if (typeof amount !== "number" || !Number.isFinite(amount)) {
        throw invalidInput(`increment.${name}`, "must be a number");
      }
    }
    return this.#add({ $add: amounts });
  }

  /**
   * Appends to lists.
   * @example
   * await carillon.users.edit("ada", (user) => user.append({ teams: "finance" }));
   */
  append(values: Record<string, unknown>): this {
    return this.#add({ $append: record("append", values) });
  }

  /**
   * Removes from lists.
   * @example
   * await carillon.users.edit("ada", (user) => user.remove({ teams: "finance" }));
   */
  remove(values: Record<string, unknown>): this {
    return this.#add({ $remove: record("remove", values) });
  }

  /**
   * Deletes properties, or all addresses of channels.
   * @example
   * await carillon.users.edit("ada", (user) => user.unset("nickname", "$sms"));
   */
  unset(...names: string[]): this {
    return this.#add({ $unset: items("unset", names, 1000).map((name) => text("unset", name)) });
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.setTimezone("Europe/Berlin"));
   */
  setTimezone(timezone: string): this {
    return this.#add({ $set: { $timezone: text("setTimezone", timezone) } });
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.setLocale("en_GB"));
   */
  setLocale(locale: string): this {
    return this.#add({ $set: { $locale: text("setLocale", locale) } });
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.setPreferredLanguage("de"));
   */
  setPreferredLanguage(language: string): this {
    return this.#add({ $set: { $preferred_language: text("setPreferredLanguage", language) } });
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addEmail("ada@example.com"));
   */
  addEmail(address: string): this {
    return this.#append("$email", text("addEmail", address, 320));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeEmail("ada@example.com"));
   */
  removeEmail(address: string): this {
    return this.#remove("$email", text("removeEmail", address, 320));
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setEmail("ada@example.org"));
   */
  setEmail(address: string | string[]): this {
    return this.#set("$email", address);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addSms("+14155552671"));
   */
  addSms(number: string): this {
    return this.#append("$sms", text("addSms", number));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeSms("+14155552671"));
   */
  removeSms(number: string): this {
    return this.#remove("$sms", text("removeSms", number));
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setSms("+14155552671"));
   */
  setSms(number: string | string[]): this {
    return this.#set("$sms", number);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addWhatsapp("+14155552671"));
   */
  addWhatsapp(number: string): this {
    return this.#append("$whatsapp", text("addWhatsapp", number));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeWhatsapp("+14155552671"));
   */
  removeWhatsapp(number: string): this {
    return this.#remove("$whatsapp", text("removeWhatsapp", number));
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setWhatsapp("+14155552671"));
   */
  setWhatsapp(number: string | string[]): this {
    return this.#set("$whatsapp", number);
  }

  /**
   * Adds an inbox address besides the one that everybody has.
   * @example
   * await carillon.users.edit("ada", (user) => user.addInbox("4nlPk4t4kurG5kChOELB8Q"));
   */
  addInbox(subscriberId: string): this {
    return this.#append("$inbox", text("addInbox", subscriberId));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeInbox("4nlPk4t4kurG5kChOELB8Q"));
   */
  removeInbox(subscriberId: string): this {
    return this.#remove("$inbox", text("removeInbox", subscriberId));
  }

  /**
   * Replaces those that were added.
   * @example
   * await carillon.users.edit("ada", (user) => user.setInbox("4nlPk4t4kurG5kChOELB8Q"));
   */
  setInbox(subscriberId: string | string[]): this {
    return this.#set("$inbox", subscriberId);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addAndroidpush("token", { provider: "fcm" }));
   */
  addAndroidpush(token: string, options: PushOptions = {}): this {
    return this.#append("$androidpush", text("addAndroidpush", token, 4096), options);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeAndroidpush("token"));
   */
  removeAndroidpush(token: string, options: PushOptions = {}): this {
    return this.#remove("$androidpush", text("removeAndroidpush", token, 4096), options);
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setAndroidpush("token", { provider: "fcm" }));
   */
  setAndroidpush(token: string | string[], options: PushOptions = {}): this {
    return this.#set("$androidpush", token, options);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addIospush("token", { bundleId: "com.example.app" }));
   */
  addIospush(token: string, options: PushOptions = {}): this {
    return this.#append("$iospush", text("addIospush", token, 4096), options);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeIospush("token"));
   */
  removeIospush(token: string, options: PushOptions = {}): this {
    return this.#remove("$iospush", text("removeIospush", token, 4096), options);
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setIospush("token"));
   */
  setIospush(token: string | string[], options: PushOptions = {}): this {
    return this.#set("$iospush", token, options);
  }

  /**
   * @example
   * const subscription = { endpoint: "https://push.example/1", keys: { p256dh: "BN", auth: "tB" } };
   * await carillon.users.edit("ada", (user) => user.addWebpush(subscription));
   */
  addWebpush(subscription: WebPushSubscription, options: PushOptions = {}): this {
    return this.#append("$webpush", record("addWebpush", subscription), options);
  }

  /**
   * @example
   * const subscription = { endpoint: "https://push.example/1", keys: { p256dh: "BN", auth: "tB" } };
   * await carillon.users.edit("ada", (user) => user.removeWebpush(subscription));
   */
  removeWebpush(subscription: WebPushSubscription, options: PushOptions = {}): this {
    return this.#remove("$webpush", record("removeWebpush", subscription), options);
  }

  /**
   * Replaces all of them.
   * @example
   * const subscription = { endpoint: "https://push.example/1", keys: { p256dh: "BN", auth: "tB" } };
   * await carillon.users.edit("ada", (user) => user.setWebpush(subscription));
   */
  setWebpush(subscription: WebPushSubscription | WebPushSubscription[], options: PushOptions = {}): this {
    return this.#set("$webpush", subscription, options);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addSlack({ user_id: "U01ABCDE2F3", access_token: "xoxb-1" }));
   */
  addSlack(address: SlackAddress): this {
    return this.#append("$slack", record("addSlack", address));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeSlack({ user_id: "U01ABCDE2F3", access_token: "xoxb-1" }));
   */
  removeSlack(address: SlackAddress): this {
    return this.#remove("$slack", record("removeSlack", address));
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setSlack({ email: "ada@example.com", access_token: "xoxb-1" }));
   */
  setSlack(address: SlackAddress | SlackAddress[]): this {
    return this.#set("$slack", address);
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.addMsTeams({ tenant_id: "c1981ab2", conversation_id: "19:c1" }));
   */
  addMsTeams(address: TeamsAddress): this {
    return this.#append("$ms_teams", record("addMsTeams", address));
  }

  /**
   * @example
   * await carillon.users.edit("ada", (user) => user.removeMsTeams({ tenant_id: "c1981ab2", conversation_id: "19:c1" }));
   */
  removeMsTeams(address: TeamsAddress): this {
    return this.#remove("$ms_teams", record("removeMsTeams", address));
  }

  /**
   * Replaces all of them.
   * @example
   * await carillon.users.edit("ada", (user) => user.setMsTeams({ tenant_id: "c1981ab2", user_id: "29:1n" }));
   */
  setMsTeams(address: TeamsAddress | TeamsAddress[]): this {
    return this.#set("$ms_teams", address);
  }

  #add(operation: EditOperation): this {
    this.operations.push(operation);
    return this;
  }

  #append(key: string, value: unknown, options: PushOptions = {}): this {
    return this.#add({ $append: { [key]: value, ...besides(options) } });
  }

  #remove(key: string, value: unknown, options: PushOptions = {}): this {
    return this.#add({ $remove: { [key]: value, ...besides(options) } });
  }

  #set(key: string, value: unknown, options: PushOptions = {}): this {
    if (value === undefined || value === null || value === "") throw invalidInput(key, "must not be empty");
    return this.#add({ $set: { [key]: value, ...besides(options) } });
  }
}

/** What a caller gives for an edit: a function that fills one, one that is filled, or the wire's operations. */
export type Edit = ProfileEdit | EditOperation[] | ((edit: ProfileEdit) => unknown);

export function toEdit(edit: Edit): ProfileEdit {
  if (edit instanceof ProfileEdit) return edit;
  const made = new ProfileEdit();
  if (typeof edit === "function") edit(made);
  else {
    if (!Array.isArray(edit))
      throw invalidInput("edit", "must be a function, a ProfileEdit or an array of operations");
    made.operations.push(...edit.map((operation, index) => record(`edit[${index}]`, operation)));
  }
  if (made.operations.length === 0) throw invalidInput("edit", "must do something: it has no operation");
  return made;
}

function besides(options: PushOptions): Record<string, string> {
  const { provider, deviceId, bundleId } = optionsOf(options);
  return {
    ...(provider === undefined ? {} : { $id_provider: provider }),
    ...(deviceId === undefined ? {} : { $device_id: deviceId }),
    ...(bundleId === undefined ? {} : { $bundle_id: bundleId }),
  };
}

/** Addresses are added once however often they are appended; values of properties each time. */
function isRepeatable({ $add, $increment, $append = {} }: EditOperation): boolean {
  return (
    $add === undefined && $increment === undefined && Object.keys($append).every((key) => key.startsWith("$"))
  );
}
