import { text } from "../core/check.ts";
import { CarillonError } from "../core/errors.ts";
import { isRecord } from "../core/is-record.ts";
import { ProfileEdit, type PushOptions } from "../core/profile-edit.ts";
import type { EditOperation, SlackAddress, TeamsAddress, WebPushSubscription } from "../wire.ts";
import type { Dictionary } from "./records.ts";

/**
 * The steps of an edit under the names of the other client. As there, an argument that is no use is left out with a
 * warning, instead of being an error: `warnings` has them, and so have the results of bulk saves.
 *
 * @example
 * const user = supr_client.users.get_edit_instance("ada");
 * user.add_email("ada@example.com");
 * user.set("plan", "gold");
 * await supr_client.users.edit(user);
 */
export class SnakeCaseEdit {
  /** What was left out, and why. */
  readonly warnings: string[] = [];
  readonly #edit = new ProfileEdit();
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  get operations(): EditOperation[] {
    return this.#edit.operations;
  }

  get isRepeatable(): boolean {
    return this.#edit.isRepeatable;
  }

  /**
   * @example
   * user.append("tags", "vip");
   */
  append(key: string | Dictionary, value?: unknown): void {
    this.#pairs("append", key, value, (pairs) => this.#edit.append(pairs));
  }

  /**
   * @example
   * user.set({ plan: "gold", seats: 5 });
   */
  set(key: string | Dictionary, value?: unknown): void {
    this.#pairs("set", key, value, (pairs) => this.#edit.set(pairs));
  }

  /**
   * @example
   * user.set_once("first_login", "2026-11-30");
   */
  set_once(key: string | Dictionary, value?: unknown): void {
    this.#pairs("set_once", key, value, (pairs) => this.#edit.setOnce(pairs));
  }

  /**
   * @example
   * user.increment("logins", 1);
   */
  increment(key: string | Dictionary, value?: number): void {
    this.#pairs("increment", key, value, (pairs) => this.#edit.increment(pairs));
  }

  /**
   * @example
   * user.remove("tags", "vip");
   */
  remove(key: string | Dictionary, value?: unknown): void {
    this.#pairs("remove", key, value, (pairs) => this.#edit.remove(pairs));
  }

  /**
   * @example
   * user.unset(["nickname", "$sms"]);
   */
  unset(keys: string | string[]): void {
    this.#try("unset", () => this.#edit.unset(...(Array.isArray(keys) ? keys : [keys])));
  }

  /**
   * @example
   * user.set_preferred_language("en");
   */
  set_preferred_language(lang_code: string): void {
    this.#try("set_preferred_language", () => this.#edit.setPreferredLanguage(lang_code));
  }

  /**
   * @example
   * user.set_timezone("Europe/Berlin");
   */
  set_timezone(timezone: string): void {
    this.#try("set_timezone", () => this.#edit.setTimezone(timezone));
  }

  /**
   * @example
   * user.set_locale("en_GB");
   */
  set_locale(locale: string): void {
    this.#try("set_locale", () => this.#edit.setLocale(locale));
  }

  /**
   * @example
   * user.add_email("ada@example.com");
   */
  add_email(email: string): void {
    this.#try("add_email", () => this.#edit.addEmail(email));
  }

  /**
   * @example
   * user.remove_email("ada@example.com");
   */
  remove_email(email: string): void {
    this.#try("remove_email", () => this.#edit.removeEmail(email));
  }

  /**
   * Replaces all of them.
   * @example
   * user.set_email("ada@example.com");
   */
  set_email(email: string | string[]): void {
    this.#try("set_email", () => this.#edit.setEmail(email));
  }

  /**
   * @example
   * user.add_sms("+14155552671");
   */
  add_sms(mobile_no: string): void {
    this.#try("add_sms", () => this.#edit.addSms(mobile_no));
  }

  /**
   * @example
   * user.remove_sms("+14155552671");
   */
  remove_sms(mobile_no: string): void {
    this.#try("remove_sms", () => this.#edit.removeSms(mobile_no));
  }

  /**
   * Replaces all of them.
   * @example
   * user.set_sms("+14155552671");
   */
  set_sms(mobile_no: string | string[]): void {
    this.#try("set_sms", () => this.#edit.setSms(mobile_no));
  }

  /**
   * @example
   * user.add_whatsapp("+14155552671");
   */
  add_whatsapp(mobile_no: string): void {
    this.#try("add_whatsapp", () => this.#edit.addWhatsapp(mobile_no));
  }

  /**
   * @example
   * user.remove_whatsapp("+14155552671");
   */
  remove_whatsapp(mobile_no: string): void {
    this.#try("remove_whatsapp", () => this.#edit.removeWhatsapp(mobile_no));
  }

  /**
   * Replaces all of them.
   * @example
   * user.set_whatsapp("+14155552671");
   */
  set_whatsapp(mobile_no: string | string[]): void {
    this.#try("set_whatsapp", () => this.#edit.setWhatsapp(mobile_no));
  }

  /**
   * @example
   * user.add_androidpush("token", "fcm");
   */
  add_androidpush(push_token: string, provider?: string): void {
    this.#try("add_androidpush", () => this.#edit.addAndroidpush(push_token, push(provider)));
  }

  /**
   * @example
   * user.remove_androidpush("token");
   */
  remove_androidpush(push_token: string, provider?: string): void {
    this.#try("remove_androidpush", () => this.#edit.removeAndroidpush(push_token, push(provider)));
  }

  /**
   * @example
   * user.add_iospush("token", "apns", "com.example.app");
   */
  add_iospush(push_token: string, provider?: string, bundle_id?: string): void {
    this.#try("add_iospush", () => this.#edit.addIospush(push_token, push(provider, bundle_id)));
  }

  /**
   * @example
   * user.remove_iospush("token");
   */
  remove_iospush(push_token: string, provider?: string, bundle_id?: string): void {
    this.#try("remove_iospush", () => this.#edit.removeIospush(push_token, push(provider, bundle_id)));
  }

  /**
   * @example
   * user.add_webpush({ endpoint: "https://push.example/1", keys: { p256dh: "BN", auth: "tB" } });
   */
  add_webpush(push_token: Dictionary | WebPushSubscription, provider?: string): void {
    this.#try("add_webpush", () => this.#edit.addWebpush(push_token as WebPushSubscription, push(provider)));
  }

  /**
   * @example
   * user.remove_webpush({ endpoint: "https://push.example/1", keys: { p256dh: "BN", auth: "tB" } });
   */
  remove_webpush(push_token: Dictionary | WebPushSubscription, provider?: string): void {
    this.#try("remove_webpush", () =>
      this.#edit.removeWebpush(push_token as WebPushSubscription, push(provider)),
    );
  }

  /**
   * @example
   * user.add_slack({ user_id: "U01ABCDE2F3", access_token: "xoxb-1" });
   */
  add_slack(value: Dictionary | SlackAddress): void {
    this.#try("add_slack", () => this.#edit.addSlack(value as SlackAddress));
  }

  /**
   * @example
   * user.remove_slack({ user_id: "U01ABCDE2F3", access_token: "xoxb-1" });
   */
  remove_slack(value: Dictionary | SlackAddress): void {
    this.#try("remove_slack", () => this.#edit.removeSlack(value as SlackAddress));
  }

  /**
   * @example
   * user.add_ms_teams({ tenant_id: "c1981ab2", conversation_id: "19:c1" });
   */
  add_ms_teams(value: Dictionary | TeamsAddress): void {
    this.#try("add_ms_teams", () => this.#edit.addMsTeams(value as TeamsAddress));
  }

  /**
   * @example
   * user.remove_ms_teams({ tenant_id: "c1981ab2", conversation_id: "19:c1" });
   */
  remove_ms_teams(value: Dictionary | TeamsAddress): void {
    this.#try("remove_ms_teams", () => this.#edit.removeMsTeams(value as TeamsAddress));
  }

  /**
   * An address without a token, which older code has; use `add_slack`.
   * @example
   * user.add_slack_email("ada@example.com");
   */
  add_slack_email(email: string): void {
    this.#try("add_slack_email", () => this.#edit.append({ $slack: { email: text("email", email, 320) } }));
  }

  /**
   * @example
   * user.remove_slack_email("ada@example.com");
   */
  remove_slack_email(email: string): void {
    this.#try("remove_slack_email", () =>
      this.#edit.remove({ $slack: { email: text("email", email, 320) } }),
    );
  }

  /**
   * An address without a token, which older code has; use `add_slack`.
   * @example
   * user.add_slack_userid("U01ABCDE2F3");
   */
  add_slack_userid(user_id: string): void {
    this.#try("add_slack_userid", () => this.#edit.append({ $slack: { user_id: text("user_id", user_id) } }));
  }

  /**
   * @example
   * user.remove_slack_userid("U01ABCDE2F3");
   */
  remove_slack_userid(user_id: string): void {
    this.#try("remove_slack_userid", () =>
      this.#edit.remove({ $slack: { user_id: text("user_id", user_id) } }),
    );
  }

  #pairs(method: string, key: unknown, value: unknown, add: (pairs: Dictionary) => unknown): void {
    if (isRecord(key)) return this.#try(method, () => add(key));
    if (typeof key !== "string")
      return this.#warn(`${method}: the first argument must be a string or an object`);
    if (value === undefined) return this.#warn(`${method}: the value of '${key}' is missing`);
    this.#try(method, () => add({ [text("key", key)]: value }));
  }

  #try(method: string, add: () => unknown): void {
    try {
      add();
    } catch (error) {
      if (!(error instanceof CarillonError)) throw error;
      this.#warn(`${method}: ${error.message}`);
    }
  }

  #warn(problem: string): void {
    const warning = `[${this.#who}] ${problem}`;
    this.warnings.push(warning);
    console.warn(`WARNING: ${warning}`);
  }
}

function push(provider: string | undefined, bundleId?: string): PushOptions {
  return { provider: provider ?? undefined, bundleId: bundleId ?? undefined };
}
