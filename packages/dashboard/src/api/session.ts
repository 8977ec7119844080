/**
 * The service token of someone who signed in with one. It stays in this tab's session storage: closing the tab signs out,
 * and another tab of the same browser does not have it unless it was opened from this one.
 */
const KEY = "carillon.token";

export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function writeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}

/** Takes `#token=…` out of the address, where it would be copied along. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null || token === "") return;
  writeToken(token);
  history.replaceState(null, "", location.pathname + location.search);
}
