/** What the wire calls some of the actions (platform.md 9); all others are `<resource>.<file>`. */
const NAMES: Record<string, string> = {
  "management/api-key/create": "api_key.generated",
  "management/api-key/delete": "api_key.disabled",
  "management/public-key/create": "public_api_key.generated",
  "management/public-key/delete": "public_api_key.deleted",
  "management/public-key/edit": "public_api_key.edited",
  "management/public-key/rotate": "public_api_key.rotated",
  "management/signing-key/create": "signing_api_key.generated",
  "management/signing-key/delete": "signing_api_key.deleted",
  "management/signing-key/roll": "signing_api_key.rolled",
  "people/invitation/create": "account.member_invited",
  "people/invitation/resend": "account.member_invite_resent",
  "people/invitation/cancel": "account.member_invite_cancelled",
  "people/member/deactivate": "account.member_deactivated",
  "people/member/set-role": "account.member_role_changed",
  "people/me/edit": "account.member_edited",
  "people/me/session/end": "account.session_ended",
  "people/me/session/end-others": "account.session_ended",
  "people/me/totp/propose": "account.mfa_proposed",
  "people/me/totp/enable": "account.mfa_enabled",
  "people/me/totp/disable": "account.mfa_disabled",
};

/** The action of an endpoint, from its file. */
export function actionOf(file: string): string {
  const name = file.replace(/^api\//, "").replace(/\.ts$/, "");
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (known !== undefined) return known;
  const [, ...steps] = name.split("/");
  const verb = steps.pop() ?? "";
  return `${steps.join("_")}.${verb}`.replaceAll("-", "_");
}

/** The resource of an endpoint: the folder of its file, below the surface. */
export function resourceOf(file: string): string {
  const [, , ...steps] = file.split("/");
  return steps.slice(0, -1).join("_").replaceAll("-", "_");
}
